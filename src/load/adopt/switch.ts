import { errorCode } from '../../ledger/errors.ts';
import type { Renamed } from '../../ledger/adoptions.ts';
import { ident, literal, qualified } from '../../ledger/sql.ts';
import { DayboardError } from '../../project/errors.ts';
import { RAISED } from './apply.ts';
import { briefly, type Held, patienceOf } from './brief.ts';
import { dropTriggersSql } from './capture.ts';
import { catchUp } from './catch-up.ts';
import type { AdoptContext } from './context.ts';
import { fingerprint, readDependents, withPlainNames, type Dependent } from './dependents.ts';
import { beforeName } from './names.ts';
import { ourViews } from './obstacles.ts';
import { fullName } from './original.ts';
import { indexNames } from './replacement.ts';
import { likenessSql } from './rights.ts';
import { rebuildSql } from './views.ts';

/** So many changes are applied while readers wait: some milliseconds' worth. */
const MOST_CHANGES = 500;

/** How often the switch is tried anew because something came in between. */
const TRIES = 50;

/**
 * Puts the new table in the original's place: in one short transaction the last changes are applied, names, owner,
 * grants and comments are given, and the views over it are bound to the new one. Returns false when the original was
 * emptied meanwhile, so that it must be copied anew.
 */
export async function switchTables(context: AdoptContext): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    if ((await catchUp(context)) === 'emptied') return false;
    const { held, statements } = await switchSql(context);
    try {
      await briefly({
        ...patienceOf(context, 'switch'),
        held,
        statements,
      });
      return true;
    } catch (thrown) {
      const code = errorCode(thrown) ?? '';
      // More changes than can be applied at once, a day without a partition, or something to be read anew.
      const again = [RAISED.many, RAISED.emptied, RAISED.moved, '23514'].includes(code);
      if (again && attempt < TRIES) continue;
      throw again ? restless(context, thrown) : refusedView(context, thrown);
    }
  }
}

async function switchSql(context: AdoptContext): Promise<{ held: Held[]; statements: string[] }> {
  const { client, project, dataset, original, shape, names } = context;
  const { moved, dependents, likeness } = await withPlainNames(client, async () => {
    const value = await client.query<{ value: string }>(`SELECT ${fingerprint(original.oid)} AS value`);
    return {
      moved: value.rows[0]?.value ?? '',
      dependents: await readDependents(client, original.oid),
      likeness: await likenessSql(client, original.oid, original, 'TABLE'),
    };
  });
  const views = dependents.filter(({ relkind }) => relkind === 'v');
  const { rebuilt } = await ourViews(client, project, dependents);
  const before = { schema: original.schema, name: beforeName(original.name) };
  const renamed = renamedIndexes(context);
  const inSchema = (name: string) => qualified({ schema: original.schema, name });
  return {
    held: [...views, original],
    statements: [
      `SET LOCAL search_path = pg_catalog`,
      ...sessionSql(context),
      `DO $do$ BEGIN IF ${fingerprint(original.oid)} IS DISTINCT FROM ${literal(moved)} THEN
         RAISE EXCEPTION USING ERRCODE = '${RAISED.moved}', MESSAGE = 'the table or its views have changed'; END IF; END $do$`,
      `SELECT ${qualified(names.apply)}(${MOST_CHANGES})`,
      ...dropTriggersSql(qualified(original)),
      `ALTER TABLE ${qualified(original)} RENAME TO ${ident(before.name)}`,
      ...renamed.map(({ from, to }) => `ALTER INDEX ${inSchema(from)} RENAME TO ${ident(to)}`),
      ...indexNames(dataset).map(
        ({ made, name }) => `ALTER INDEX ${inSchema(made)} RENAME TO ${ident(name)}`,
      ),
      `ALTER TABLE ${qualified(shape.raw)} RENAME TO ${ident(original.name)}`,
      ...likeness,
      ...views.map(({ rebind }) => rebind),
      ...ledgerSql(context, renamed, rebuilt),
    ],
  };
}

/** What days mean, as in every other transaction of the dataset. */
function sessionSql({ dataset }: AdoptContext): string[] {
  return [
    `SET LOCAL TimeZone = ${literal(dataset.timeZone)}`,
    `SET LOCAL DateStyle = 'ISO, YMD'`,
    'SET LOCAL jit = off',
  ];
}

/** The original's indexes whose names the new table's indexes have in the definition. */
function renamedIndexes({ dataset, original }: AdoptContext): Renamed[] {
  const wanted = new Set(indexNames(dataset).map(({ name }) => name));
  return original.indexes
    .filter(({ name }) => wanted.has(name))
    .map(({ name }) => ({ kind: 'index', from: name, to: beforeName(name) }));
}

function ledgerSql(
  { project, dataset, original }: AdoptContext,
  renamed: readonly Renamed[],
  rebuilt: readonly Dependent[],
): string[] {
  const [of, name] = [literal(project.name), literal(fullName(original))];
  return [
    `UPDATE dayboard.adoption SET state = 'switched', switched_at = clock_timestamp(), renamed = ${literal(JSON.stringify(renamed))}::jsonb
      WHERE project = ${of} AND dataset = ${literal(dataset.name)}`,
    // The hash is of no definition: the next look at the table compares it with its definition and writes the right one.
    `INSERT INTO dayboard.relation (project, relation, relation_oid, kind, owner, definition_hash)
     SELECT ${of}, ${name}, replacement_oid, 'raw', dataset, 'adopted' FROM dayboard.adoption WHERE project = ${of} AND dataset = ${literal(dataset.name)}
     ON CONFLICT (project, relation) DO UPDATE SET relation_oid = excluded.relation_oid, kind = excluded.kind, owner = excluded.owner,
       definition_hash = excluded.definition_hash, created_at = now()`,
    ...rebuildSql(project.name, rebuilt),
  ];
}

function restless({ dataset, original }: AdoptContext, cause: unknown): DayboardError {
  return new DayboardError({
    code: 'adopt.restless',
    kind: 'refused',
    message: `${fullName(original)} changes faster than the last changes can be taken over without keeping readers waiting. It is as it was and stays in use.`,
    facts: { dataset: dataset.name },
    next: 'Run it again when its writers are calmer: it goes on where it is.',
    cause,
  });
}

function refusedView({ dataset, original }: AdoptContext, thrown: unknown): unknown {
  if (!['42P16', '42804', '42P01', '42703'].includes(errorCode(thrown) ?? '')) return thrown;
  return new DayboardError({
    code: 'adopt.view',
    kind: 'refused',
    message: `A view over ${fullName(original)} cannot be bound to the new table: ${thrown instanceof Error ? thrown.message : String(thrown)}. Nothing was switched.`,
    facts: { dataset: dataset.name, sqlstate: errorCode(thrown) ?? '' },
    next: 'Drop that view, run this again, and create it anew.',
    cause: thrown,
  });
}
