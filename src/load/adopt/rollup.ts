import type { ClientBase } from 'pg';
import { readOwed } from '../../ledger/derived.ts';
import { databaseError, errorCode } from '../../ledger/errors.ts';
import { definitionHash, relationState } from '../../ledger/relations.ts';
import { ident, literal, qualified } from '../../ledger/sql.ts';
import type { Obstacle, RollupAdoption } from '../../plan/adoption.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Project, Rollup } from '../../project/model.ts';
import { rollupHash } from '../../rollup/ensure.ts';
import { publishedSql } from '../../rollup/published.ts';
import { ownerReadsSql } from '../../rollup/rights.ts';
import { countedTable, rollupShape, type RollupShape } from '../../rollup/shape.ts';
import { RAISED } from './apply.ts';
import { briefly, patienceOf } from './brief.ts';
import type { AdoptOptions } from './context.ts';
import { fingerprint, readDependents, withPlainNames, type Dependent } from './dependents.ts';
import { beforeName } from './names.ts';
import { notOwner, ourViews } from './obstacles.ts';
import { fullName, readOriginal, type Original } from './original.ts';
import { refuse } from './refuse.ts';
import { likenessSql } from './rights.ts';
import { compareWithRollup } from './rollup-compare.ts';

const WHAT: Record<string, string> = {
  m: 'materialized view',
  v: 'view',
  r: 'table',
  p: 'partitioned table',
  f: 'foreign table',
};
const DROP: Record<string, string> = { m: 'MATERIALIZED VIEW', v: 'VIEW', f: 'FOREIGN TABLE' };

export interface RollupOptions extends Omit<AdoptOptions, 'dataset'> {
  rollup: Rollup;
  /** False leaves the comparison out. */
  compares?: boolean;
}

/** The rollup and those it is over that must be computed before it says anything, the first one first. */
export async function uncomputed(client: ClientBase, project: Project, rollup: Rollup): Promise<string[]> {
  const over = project.rollups.find(({ name }) => name === rollup.over);
  const before = over === undefined ? [] : await uncomputed(client, project, over);
  const state = await relationState(client, project.name, countedTable(project.name, rollup.name));
  const isCurrent = state.owner === 'ours' && state.definitionHash === rollupHash(project, rollup);
  const owed = (await readOwed(client, project.name)).has(rollup.name);
  return isCurrent && !owed ? before : [...before, rollup.name];
}

/**
 * What adopting the relation of a rollup's name would do; compared row by row when the rollup is computed. Reads only.
 *
 * Errors: 'adopt.nothing', 'adopt.own' (refused).
 */
export async function planRollup(options: RollupOptions): Promise<RollupAdoption> {
  const { client, project, rollup, progress } = options;
  const { there, dependents } = await look(options);
  const shape = rollupShape(project, rollup);
  const obstacles = await obstaclesOf(client, project, shape, there, dependents);
  const waiting = await uncomputed(client, project, rollup);
  const compared =
    options.compares !== false &&
    obstacles.length === 0 &&
    waiting.length === 0 &&
    (await isPopulated(client, there));
  if (compared)
    progress({ step: 'compare', message: `comparing ${fullName(there)} with the rollup, row by row` });
  return {
    schema: 'dayboard.adoption/1',
    kind: 'rollup',
    name: rollup.name,
    relation: fullName(there),
    what: WHAT[there.relkind] ?? 'relation',
    owner: there.owner,
    ...(compared ? { comparison: await compareWithRollup(client, shape, there) } : {}),
    views: dependents.filter(({ relkind }) => relkind === 'v').map(fullName),
    notes: [
      ...(waiting.length === 0 ? [] : [`To be computed before it can be compared: ${waiting.join(', ')}.`]),
      ...((await isPopulated(client, there)) ? [] : ['It was never populated: there is nothing to compare.']),
    ],
    obstacles,
    replaced: false,
  };
}

/**
 * Replaces the relation of a rollup's name by the rollup: the same name, columns, types, owner, grants and comments, in
 * one short transaction, with the views over it bound to the new one. The caller holds the root dataset's table lock.
 *
 * Errors: 'adopt.obstacles', 'adopt.uncomputed', 'adopt.in-use' (refused); each leaves the relation as it was.
 */
export async function replaceWithRollup(options: RollupOptions): Promise<void> {
  const { client, project, rollup } = options;
  const shape = rollupShape(project, rollup);
  for (let attempt = 1; ; attempt += 1) {
    const { there, dependents, moved, likeness } = await look(options);
    const obstacles = await obstaclesOf(client, project, shape, there, dependents);
    if (obstacles.length > 0) throw refuse(rollup.name, there, obstacles);
    const waiting = await uncomputed(client, project, rollup);
    if (waiting.length > 0) throw notComputed(rollup, waiting);
    const views = dependents.filter(({ relkind }) => relkind === 'v');
    const before = { schema: there.schema, name: beforeName(there.name) };
    const sql = publishedSql(shape);
    try {
      await briefly({
        ...patienceOf(options, 'switch'),
        held: [...views, there],
        statements: [
          'SET LOCAL search_path = pg_catalog',
          `DO $do$ BEGIN IF ${fingerprint(there.oid)} IS DISTINCT FROM ${literal(moved)} THEN
             RAISE EXCEPTION USING ERRCODE = '${RAISED.moved}', MESSAGE = 'it or its views have changed'; END IF; END $do$`,
          `ALTER TABLE ${qualified(there)} RENAME TO ${ident(before.name)}`,
          `CREATE VIEW ${qualified(there)} AS ${sql}`,
          ...likeness,
          ...(await ownerReadsSql(client, there.owner, shape.table)),
          ...views.map(({ rebind }) => rebind),
          `DROP ${DROP[there.relkind] ?? 'TABLE'} ${qualified(before)}`,
          recordSql(project, rollup, there, definitionHash(sql)),
        ],
      });
      return;
    } catch (thrown) {
      if (errorCode(thrown) !== RAISED.moved || attempt === 5)
        throw databaseError(thrown, { rollup: rollup.name });
    }
  }
}

async function look({ client, project, rollup }: RollupOptions) {
  const { published } = rollup;
  const there = published === undefined ? undefined : await readOriginal(client, published);
  if (published === undefined || there === undefined) throw nothing(rollup);
  if ((await relationState(client, project.name, published)).owner === 'ours') throw own(rollup);
  return withPlainNames(client, async () => {
    const value = await client.query<{ value: string }>(`SELECT ${fingerprint(there.oid)} AS value`);
    return {
      there,
      moved: value.rows[0]?.value ?? '',
      dependents: await readDependents(client, there.oid),
      likeness: await likenessSql(client, there.oid, there, 'VIEW'),
    };
  });
}

async function obstaclesOf(
  client: ClientBase,
  project: Project,
  shape: RollupShape,
  there: Original,
  dependents: readonly Dependent[],
): Promise<Obstacle[]> {
  const { rebuilt, obstacles } = await ourViews(client, project, dependents);
  return [
    ...(await otherColumns(client, shape, there)),
    ...[there, ...dependents]
      .filter(({ isOurs }) => !isOurs)
      .map((each) => notOwner(`${fullName(each)} belongs to ${each.owner}`, each.owner, there.user)),
    ...rebuilt.map((view) => ({
      what: `The materialized view ${fullName(view)} reads it.`,
      next: `Drop it, and let dayboard make it again: dayboard refresh ${view.name}`,
    })),
    ...obstacles,
  ];
}

/** The new relation must have the columns, order and types that its readers know. */
async function otherColumns(client: ClientBase, shape: RollupShape, there: Original): Promise<Obstacle[]> {
  const types = new Map<string, string>([
    ...shape.groups.map(({ name, type }) => [name, type] as const),
    ...shape.measures.map(({ name, type }) => [name, type] as const),
  ]);
  const names = shape.rollup.published?.columns ?? [];
  const found = await client.query<{ type: string }>(
    `SELECT coalesce(format_type(to_regtype(type), NULL), type) AS type FROM unnest($1::text[]) AS type`,
    [names.map((name) => types.get(name) ?? '')],
  );
  const wanted = names.map((name, at) => `${name} ${found.rows[at]?.type ?? ''}`);
  const has = there.columns.map(({ name, type }) => `${name} ${type.replace(/\([^)]*\)/, '')}`);
  if (wanted.join() === has.join()) return [];
  return [
    {
      what: `Its columns are (${has.join(', ')}), and the rollup's are (${wanted.join(', ')}).`,
      next: 'Give the rollup the same columns, order and types in the definition (published.columns, type).',
    },
  ];
}

async function isPopulated(client: ClientBase, there: Original): Promise<boolean> {
  const found = await client.query<{ populated: boolean }>(
    'SELECT relispopulated AS populated FROM pg_class WHERE oid = $1::oid',
    [there.oid],
  );
  return found.rows[0]?.populated === true;
}

function recordSql(project: Project, rollup: Rollup, there: Original, hash: string): string {
  return `INSERT INTO dayboard.relation (project, relation, relation_oid, kind, owner, definition_hash)
    VALUES (${literal(project.name)}, ${literal(fullName(there))}, ${literal(qualified(there))}::regclass, 'published', ${literal(rollup.name)}, ${literal(hash)})
    ON CONFLICT (project, relation) DO UPDATE SET relation_oid = excluded.relation_oid, kind = excluded.kind,
      owner = excluded.owner, definition_hash = excluded.definition_hash, created_at = now()`;
}

function refusal(rollup: Rollup, code: string, message: string, next: string): DayboardError {
  return new DayboardError({ code, kind: 'refused', message, facts: { rollup: rollup.name }, next });
}

function nothing(rollup: Rollup): DayboardError {
  const what =
    rollup.published === undefined ? 'It is not published' : `There is no ${fullName(rollup.published)}`;
  return refusal(
    rollup,
    'adopt.nothing',
    `${what}, so there is nothing to take over.`,
    'The first sync makes what readers know.',
  );
}

function own(rollup: Rollup): DayboardError {
  const message = `What readers of ${rollup.name} know is dayboard's own already.`;
  return refusal(rollup, 'adopt.own', message, 'Nothing needs to be done.');
}

function notComputed(rollup: Rollup, waiting: readonly string[]): DayboardError {
  const message = `${waiting.join(', ')} became owed meanwhile. Nothing was replaced.`;
  return refusal(rollup, 'adopt.uncomputed', message, `Run it again: dayboard adopt ${rollup.name}`);
}
