import { hash, share } from './random.ts';

/** A ministry's or another body's instance of the messenger, and the mail domains of its people. */
interface Organisation {
  instance: string;
  /** How many of a thousand users it has. */
  weight: number;
  domains: readonly [string, ...string[]];
}

const ORGANISATIONS: readonly [Organisation, ...Organisation[]] = [
  {
    instance: 'agent.interieur.tchap.gouv.fr',
    weight: 265,
    domains: ['interieur.gouv.fr', 'gendarmerie.interieur.gouv.fr', 'police.interieur.gouv.fr'],
  },
  {
    instance: 'agent.education.tchap.gouv.fr',
    weight: 190,
    domains: ['ac-versailles.fr', 'ac-paris.fr', 'ac-lyon.fr', 'education.gouv.fr'],
  },
  {
    instance: 'agent.finances.tchap.gouv.fr',
    weight: 140,
    domains: ['dgfip.finances.gouv.fr', 'douane.finances.gouv.fr', 'finances.gouv.fr'],
  },
  { instance: 'agent.intradef.tchap.gouv.fr', weight: 110, domains: ['intradef.gouv.fr'] },
  { instance: 'agent.justice.tchap.gouv.fr', weight: 80, domains: ['justice.fr', 'justice.gouv.fr'] },
  {
    instance: 'agent.dev-durable.tchap.gouv.fr',
    weight: 70,
    domains: ['developpement-durable.gouv.fr', 'cerema.fr'],
  },
  {
    instance: 'agent.agriculture.tchap.gouv.fr',
    weight: 45,
    domains: ['agriculture.gouv.fr', 'ofb.gouv.fr'],
  },
  { instance: 'agent.social.tchap.gouv.fr', weight: 40, domains: ['sante.gouv.fr', 'ars.sante.fr'] },
  { instance: 'agent.diplomatie.tchap.gouv.fr', weight: 20, domains: ['diplomatie.gouv.fr'] },
  { instance: 'agent.culture.tchap.gouv.fr', weight: 15, domains: ['culture.gouv.fr'] },
  {
    instance: 'agent.dinum.tchap.gouv.fr',
    weight: 15,
    domains: ['modernisation.gouv.fr', 'dila.gouv.fr', 'anct.gouv.fr'],
  },
  { instance: 'agent.externe.tchap.gouv.fr', weight: 10, domains: ['externe.example.org'] },
];

/** Where somebody works. */
export interface Place {
  instance: string;
  domain: string;
  /** The domain's share of all users. */
  share: number;
}

/** Every domain with its instance, in a fixed order. */
export const PLACES: readonly Place[] = ORGANISATIONS.flatMap(({ instance, weight, domains }) =>
  domains.map((domain) => ({ instance, domain, share: weight / 1000 / domains.length })),
);

/** The place of the user with this number. */
export function placeOf(seed: number, user: number): Place {
  let left = share(seed, user, 11);
  for (const place of PLACES) {
    left -= place.share;
    if (left < 0) return place;
  }
  return PLACES[hash(seed, user, 12) % PLACES.length] as Place;
}
