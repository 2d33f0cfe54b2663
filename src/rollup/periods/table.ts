import type { ClientBase } from 'pg';
import {
  definitionHash,
  foreignRelation,
  recordRelation,
  relationState,
  type RelationState,
} from '../../ledger/relations.ts';
import { shortName } from '../../ledger/short-name.ts';
import { columns, ident, literal, qualified } from '../../ledger/sql.ts';
import { inTransaction, setLockTimeout, withRetries } from '../../ledger/transaction.ts';
import { hasTablePerPeriod } from '../../project/check-aggregates.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Aggregate, Column, Period, Project, RelationName } from '../../project/model.ts';
import { dropKeepingRights, grantRights } from '../rights.ts';

/** Identifies everything in an aggregate's definition that decides its rows. */
export function aggregateHash({ sql, table, key, over, period, column, timeZone }: Aggregate): string {
  const shape = table.columns.map(({ name, type }) => [name, type]);
  return definitionHash([sql, shape, key, over, period, column, timeZone]);
}

/** The table that holds a period. */
export function tableOf(aggregate: Aggregate, period: Period): RelationName {
  return { schema: aggregate.table.schema, name: named(aggregate.table.name, period) };
}

function named(name: string, period: Period): string {
  return name.replaceAll('{period}', period.replaceAll('-', '_').toLowerCase());
}

/**
 * Makes sure of the table that a period is computed into. One of ours gains the columns that the definition gained; a
 * namesake that dayboard did not make is filled in place ('keep'), replaced with its readers kept ('replace'), or
 * refused. Outside a transaction.
 *
 * Errors: 'relation.foreign', 'relation.columns' (both refused).
 */
export async function ensureTable(
  client: ClientBase,
  project: Project,
  aggregate: Aggregate,
  period: Period,
): Promise<RelationName> {
  const table = tableOf(aggregate, period);
  const state = await relationState(client, project.name, table);
  const hash = definitionHash([aggregate.table.columns, aggregate.table.indexes, aggregate.key]);
  if (state.owner === 'ours' && state.definitionHash === hash) return table;
  const wanted = project.existing[`${table.schema}.${aggregate.table.name}`];
  if (state.owner === 'foreign' && wanted === 'keep') {
    await checkColumns(client, aggregate, table);
    return table;
  }
  if (state.owner === 'foreign' && wanted !== 'replace')
    throw foreignRelation(table, `the aggregate ${aggregate.name}`);
  const work = () =>
    inTransaction(client, async () => {
      if (state.owner !== 'absent') await setLockTimeout(client);
      await make(client, aggregate, table, period, state);
      await recordRelation(client, project.name, table, {
        kind: 'aggregate',
        owner: aggregate.name,
        definitionHash: hash,
      });
    });
  await withRetries(undefined, work, { client, relations: [table] });
  return table;
}

async function make(
  client: ClientBase,
  aggregate: Aggregate,
  table: RelationName,
  period: Period,
  state: RelationState,
): Promise<void> {
  if (state.owner === 'ours') {
    await addColumns(client, aggregate, table);
  } else {
    const rights =
      state.owner === 'foreign' ? await dropKeepingRights(client, table, state.relkind) : undefined;
    const body = aggregate.table.columns.map(columnSql);
    const found = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [table.schema]);
    if (found.rowCount === 0) await client.query(`CREATE SCHEMA ${ident(table.schema)}`);
    await client.query(`CREATE TABLE ${qualified(table)} (${body.join(', ')})`);
    if (rights !== undefined) await grantRights(client, table, rights);
    await client.query(`COMMENT ON TABLE ${qualified(table)} IS ${literal(aggregate.description)}`);
  }
  // Where each period has a table it is filled once: its indexes come after the rows.
  if (!hasTablePerPeriod(aggregate) || state.owner === 'ours')
    await ensureIndexes(client, aggregate, table, period);
}

function columnSql({ name, type, nullable }: Column): string {
  return `${ident(name)} ${type}${nullable ? '' : ' NOT NULL'}`;
}

/** Creates the indexes that are not there: the key's, which enforces it, and those of the definition. */
export async function ensureIndexes(
  client: ClientBase,
  { table: { columns: defined, indexes }, key }: Aggregate,
  table: RelationName,
  period: Period,
): Promise<void> {
  const found = await client.query<{ name: string }>(
    'SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::regclass',
    [qualified(table)],
  );
  const isThere = (name: string) => found.rows.some((row) => row.name === name);
  const keyName = shortName(table.name, '_key');
  if (key.length > 0 && !isThere(keyName)) {
    const nullable = defined.some((column) => column.nullable && key.includes(column.name));
    await client.query(
      `CREATE UNIQUE INDEX ${ident(keyName)} ON ${qualified(table)} (${columns(key)})${nullable ? ' NULLS NOT DISTINCT' : ''}`,
    );
  }
  for (const index of indexes) {
    const name = named(index.name, period);
    if (isThere(name)) continue;
    const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
    await client.query(
      `CREATE INDEX ${ident(name)} ON ${qualified(table)} (${index.columns.join(', ')})${where}`,
    );
  }
}

async function columnsOf(client: ClientBase, table: RelationName): Promise<Map<string, string>> {
  const found = await client.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [qualified(table)],
  );
  return new Map(found.rows.map(({ name, type }) => [name, type]));
}

async function addColumns(client: ClientBase, aggregate: Aggregate, table: RelationName): Promise<void> {
  const there = await columnsOf(client, table);
  for (const column of aggregate.table.columns) {
    if (there.has(column.name)) continue;
    // Rows of before have no value for it until their period is computed again.
    await client.query(`ALTER TABLE ${qualified(table)} ADD COLUMN ${ident(column.name)} ${column.type}`);
  }
  const gone = [...there.keys()].filter(
    (name) => !aggregate.table.columns.some((column) => column.name === name),
  );
  if (gone.length > 0) throw otherColumns(aggregate, table, `has ${gone.join(', ')} too`);
}

/** Somebody else's table takes the rows when it has every column. */
async function checkColumns(client: ClientBase, aggregate: Aggregate, table: RelationName): Promise<void> {
  const there = await columnsOf(client, table);
  const lacking = aggregate.table.columns.filter(({ name }) => !there.has(name)).map(({ name }) => name);
  if (lacking.length > 0) throw otherColumns(aggregate, table, `lacks ${lacking.join(', ')}`);
}

function otherColumns(aggregate: Aggregate, table: RelationName, what: string): DayboardError {
  const name = `${table.schema}.${table.name}`;
  return new DayboardError({
    code: 'relation.columns',
    kind: 'refused',
    message: `${name} ${what}, which the definition of ${aggregate.name} does not say. Nothing was changed.`,
    facts: { relation: name },
    next: 'Change the table or the definition, so that both have the same columns.',
  });
}
