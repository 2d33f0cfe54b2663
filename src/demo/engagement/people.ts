import { chance, pick, share } from '../data/random.ts';

/** An agency of the employment service, and where it is. */
export interface Agency {
  id: string;
  name: string;
  department: string;
  region: string;
}

export interface Adviser {
  id: string;
  structure: string;
  agency: string | undefined;
}

export interface YoungPerson {
  number: number;
  id: string;
  structure: string | null;
  programme: 'CEJ' | 'PACEA' | null;
  adviser: string | undefined;
}

type Town = readonly [name: string, department: string, region: string];

const TOWNS: readonly [Town, ...Town[]] = [
  ['Paris 10', '75', 'Île-de-France'],
  ['Paris 19', '75', 'Île-de-France'],
  ['Montreuil', '93', 'Île-de-France'],
  ['Créteil', '94', 'Île-de-France'],
  ['Lille', '59', 'Hauts-de-France'],
  ['Roubaix', '59', 'Hauts-de-France'],
  ['Amiens', '80', 'Hauts-de-France'],
  ['Rouen', '76', 'Normandie'],
  ['Brest', '29', 'Bretagne'],
  ['Rennes', '35', 'Bretagne'],
  ['Nantes', '44', 'Pays de la Loire'],
  ['Bordeaux', '33', 'Nouvelle-Aquitaine'],
  ['Toulouse', '31', 'Occitanie'],
  ['Nîmes', '30', 'Occitanie'],
  ['Marseille', '13', "Provence-Alpes-Côte d'Azur"],
  ['Lyon 7', '69', 'Auvergne-Rhône-Alpes'],
  ['Grenoble', '38', 'Auvergne-Rhône-Alpes'],
  ['Strasbourg', '67', 'Grand Est'],
  ['Ajaccio', '2A', 'Corse'],
  ['Saint-Denis', '974', 'La Réunion'],
];

/** Structures as the application knows them, the frequent ones several times. */
const STRUCTURES = [
  'MILO',
  'MILO',
  'MILO',
  'POLE_EMPLOI',
  'POLE_EMPLOI',
  'POLE_EMPLOI_BRSA',
  'POLE_EMPLOI_AIJ',
  'CONSEIL_DEPT',
  'AVENIR_PRO',
  'FT_ACCOMPAGNEMENT_INTENSIF',
] as const;

export const ADVISERS = 140;
export const YOUNG_PEOPLE = 1800;

export function agencies(): Agency[] {
  return TOWNS.map(([town, department, region], at) => ({
    id: `agence-${at + 1}`,
    name: `Agence de ${town}`,
    department,
    region,
  }));
}

/** One in twenty-five has no agency. */
export function adviserAt(number: number): Adviser {
  const town = Math.floor(share(number, 51) ** 1.5 * TOWNS.length);
  return {
    id: `conseiller-${number + 1}`,
    structure: pick(STRUCTURES, number, 52),
    agency: chance(0.04, number, 53) ? undefined : `agence-${town + 1}`,
  };
}

/** One in thirty has no adviser; a handful are of the structure of the first days, or of none. */
export function youngPersonAt(number: number): YoungPerson {
  const adviser = Math.floor(share(number, 54) * ADVISERS);
  const dice = share(number, 55);
  const structure = dice < 0.004 ? null : dice < 0.012 ? 'PASS_EMPLOI' : adviserAt(adviser).structure;
  return {
    number,
    id: `jeune-${number + 1}`,
    structure,
    programme: structure !== 'MILO' ? null : chance(0.3, number, 56) ? 'PACEA' : 'CEJ',
    adviser: chance(0.033, number, 57) ? undefined : adviserAt(adviser).id,
  };
}
