import type { ClientBase } from 'pg';
import {
  definitionHash,
  foreignRelation,
  recordRelation,
  recordRelationSql,
  relationState,
} from '../ledger/relations.ts';
import { columns, ident, literal, qualified } from '../ledger/sql.ts';
import type { Project, RelationName, Rollup } from '../project/model.ts';
import { dropKeepingRights, grantRights, letOwnerRead, type Rights, rightsSql } from './rights.ts';
import { logicalRows, type RollupShape } from './shape.ts';

/**
 * Makes the relation that readers know: a view over the counted table with the known name and columns. A namesake that
 * dayboard did not make is left ('keep'), replaced with its owner and grants kept ('replace'), or refused.
 */
export async function ensurePublished(
  client: ClientBase,
  project: Project,
  shape: RollupShape,
): Promise<void> {
  const { published } = shape.rollup;
  if (published === undefined) return;
  const state = await relationState(client, project.name, published);
  const sql = publishedSql(shape);
  const hash = definitionHash(sql);
  if (state.owner === 'ours' && state.definitionHash === hash) return;
  let rights: Rights | undefined;
  if (state.owner === 'foreign') {
    const wanted = project.existing[`${published.schema}.${published.name}`];
    if (wanted === 'keep') return;
    if (wanted !== 'replace')
      throw foreignRelation(published, `the rollup ${shape.rollup.name}`, shape.rollup.name);
    rights = await dropKeepingRights(client, published, state.relkind);
  }
  await createView(client, published, sql);
  if (rights !== undefined) await grantRights(client, published, rights);
  await recordRelation(client, project.name, published, {
    kind: 'published',
    owner: shape.rollup.name,
    definitionHash: hash,
  });
}

/**
 * Refuses ('relation.foreign') when somebody else's relation has the name that readers know and nobody said what to do
 * with it: asked before anything is made, so that a refusal leaves nothing behind.
 */
export async function requirePublishable(
  client: ClientBase,
  project: Project,
  rollup: Rollup,
): Promise<void> {
  const { published } = rollup;
  if (published === undefined || project.existing[`${published.schema}.${published.name}`] !== undefined)
    return;
  const state = await relationState(client, project.name, published);
  if (state.owner === 'foreign') throw foreignRelation(published, `the rollup ${rollup.name}`, rollup.name);
}

/** Statements that point the known relation to another table. */
export interface MovedPublished {
  /** When its columns stay what they are. */
  replaced: readonly string[];
  /** When they change, which PostgreSQL says ('42P16'): who may read it stays. Fails when others are built upon it. */
  madeAnew: readonly string[];
}

/** Points the known relation to a table that is about to take the counted table's place, keeping who may read it. */
export async function movePublishedSql(
  client: ClientBase,
  project: Project,
  shape: RollupShape,
  published: RelationName,
  rights: Rights,
  beside: RelationName,
): Promise<MovedPublished> {
  // A view reads with its owner's rights. Nobody knows that table yet, so this waits for nobody.
  await letOwnerRead(client, rights.owner, beside);
  const view = qualified(published);
  const sql = publishedSql({ ...shape, table: beside });
  const recorded = recordRelationSql(project.name, published, {
    kind: 'published',
    owner: shape.rollup.name,
    definitionHash: definitionHash(publishedSql(shape)),
  });
  return {
    replaced: [`CREATE OR REPLACE VIEW ${view} AS ${sql}`, recorded],
    madeAnew: [
      `DROP VIEW ${view}`,
      `CREATE VIEW ${view} AS ${sql}`,
      ...rightsSql(published, 'v', shape.rollup.published?.columns ?? [], rights),
      recorded,
    ],
  };
}

async function createView(client: ClientBase, relation: RelationName, sql: string): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [relation.schema]);
  if (found.rowCount === 0) await client.query(`CREATE SCHEMA ${ident(relation.schema)}`);
  await client.query(`CREATE OR REPLACE VIEW ${qualified(relation)} AS ${sql}`);
}

/** The SELECT of the rows that readers of a rollup know: its columns in their order, within its window. */
export function publishedSql(shape: RollupShape): string {
  const { published, bucket, groups, timeZone } = shape.rollup;
  const rows = `SELECT ${columns(published?.columns ?? [])} FROM (${logicalRows(shape)}) AS counted`;
  if (published?.window === undefined) return rows;
  const today = `(now() AT TIME ZONE ${literal(timeZone)})`;
  const { count, unit } = published.window;
  const first = `(date_trunc('${unit}', ${today}) - interval '${count} ${unit}')`;
  const type = groups.find((group) => group.name === bucket.group)?.type ?? 'date';
  const start = /^timestamp( with|tz)/i.test(type)
    ? `${first} AT TIME ZONE ${literal(timeZone)}`
    : `${first}::date`;
  return `${rows} WHERE ${ident(bucket.group)} >= ${start}`;
}
