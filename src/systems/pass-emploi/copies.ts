import type { DatasetInput, ProjectInput, SchemaCopyInput } from '../../project/input.ts';
import type { Environment } from '../../project/environment.ts';
import { SOURCE } from './settings.ts';
import { ADVISERS } from './tables.ts';

/** What the original's dump leaves out. */
const EXCLUDED = [
  'spatial_ref_sys',
  'cache_api_partenaire',
  'suivi_job',
  'evenement_engagement',
  'evenement_engagement_hebdo',
];

/** Texts in the address of a database that must never be replaced, with commas. The original has one in its code. */
const PRODUCTION = 'PASS_EMPLOI_PRODUCTION';

/**
 * The nightly copy of the application's tables. What is computed at the target has names of its own, which are left out
 * too, should the application ever have a table of one.
 */
export function copies(
  environment: Environment,
  { datasets, aggregates = [] }: Pick<ProjectInput, 'aggregates'> & { datasets: DatasetInput[] },
): SchemaCopyInput[] {
  const filled = [...datasets, ...aggregates].map(({ name, table }) => table.name ?? name);
  const named = (environment[PRODUCTION] ?? '').split(',').map((text) => text.trim());
  return [
    {
      name: 'application',
      description: 'The tables of the application: people, advisers, agencies',
      source: SOURCE,
      exclude: [...new Set([...EXCLUDED, ...filled])],
      extensions: [
        'postgis',
        'postgis_tiger_geocoder',
        { name: 'postgis_topology', schema: 'topology' },
        'pg_trgm',
      ],
      // The buffer of events is in the application's database alone: it is never copied.
      never: { named: named.filter(Boolean), having: 'public.evenement_engagement_hebdo' },
      add: ['date_premier_ae', 'date_dernier_ae'].map((column) => ({
        table: 'conseiller',
        column,
        type: 'timestamp',
        value: {
          sql: `SELECT "${column}" AT TIME ZONE 'UTC' FROM public.${ADVISERS} AS seen WHERE seen.id_utilisateur = conseiller.id`,
          reads: ADVISERS,
        },
      })),
      // What young people wrote does not belong into statistics.
      drop: [{ table: 'archive_jeune', column: 'donnees' }],
    },
  ];
}
