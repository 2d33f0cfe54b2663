import type { ClientBase } from 'pg';
import { type PeriodContent, markPeriods, recordComputed } from '../../ledger/computed.ts';
import { columns, ident, qualified } from '../../ledger/sql.ts';
import { inTransaction, setForDataset } from '../../ledger/transaction.ts';
import { shortName } from '../../ledger/short-name.ts';
import type { Aggregate, Day, Period, Project, RelationName } from '../../project/model.ts';
import { firstDay, periodOf } from '../../project/period.ts';
import { firstDays, periodsSql } from './sql.ts';
import { aggregateHash, ensureIndexes, ensureTable } from './table.ts';
import { oweAbove } from './touched.ts';

export interface ComputeOptions {
  /** A connection of its own, outside a transaction, that holds the aggregate's lock. */
  client: ClientBase;
  project: Project;
  aggregate: Aggregate;
  run: string;
}

export interface ComputedPeriods {
  rows: number;
  /** Periods that hold other rows than before. */
  changed: Period[];
}

/**
 * Computes neighbouring periods with one statement and replaces their rows in one transaction: readers see each period
 * as it was or as it is, never half of it. Periods that come out empty are computed too. What is published meanwhile
 * makes them owed again. What is computed from them is owed where their rows are others than before.
 *
 * Errors: 'relation.…', 'database.…'; all leave every period as it was, and owed.
 */
export async function computePeriods(
  options: ComputeOptions,
  periods: readonly Period[],
): Promise<ComputedPeriods> {
  const { client, project, aggregate } = options;
  const [first] = periods;
  if (first === undefined) return { rows: 0, changed: [] };
  const table = await ensureTable(client, project, aggregate, first);
  // Committed at once: a publish that comes later sees that it must make them owed again.
  const marks = await markPeriods(
    client,
    project.name,
    aggregate.name,
    periods.map((period) => firstDay(period).toString()),
  );
  return aggregate.column === undefined
    ? computeTable(options, table, first, marks)
    : computeInto(options, table, aggregate.column, periods, marks);
}

/** Rows are computed beside and looked at; only their replacement is in the transaction. */
async function computeInto(
  options: ComputeOptions,
  table: RelationName,
  column: string,
  periods: readonly Period[],
  marks: ReadonlyMap<Day, string>,
): Promise<ComputedPeriods> {
  const { client, project, aggregate, run } = options;
  const names = columns(aggregate.table.columns.map(({ name }) => name));
  const beside = { schema: 'dayboard_staging', name: shortName(aggregate.name, `_r${run}_rows`) };
  const wanted = `${ident(column)} = ANY (${firstDays(periods)})`;
  const contents = await inTransaction(client, async () => {
    await setUp(client, aggregate);
    await client.query(`DROP TABLE IF EXISTS ${qualified(beside)}`);
    await client.query(
      `CREATE UNLOGGED TABLE ${qualified(beside)} AS
       SELECT ${names} FROM (${periodsSql(project, aggregate, periods)}\n) AS computed WHERE ${wanted}`,
    );
    return contentsOf(client, column, beside, periods);
  });
  const changed = await inTransaction(client, async () => {
    await client.query(`DELETE FROM ${qualified(table)} WHERE ${wanted}`);
    await client.query(
      `INSERT INTO ${qualified(table)} (${names}) SELECT ${names} FROM ${qualified(beside)}`,
    );
    return record(options, contents, marks);
  });
  await client.query(`DROP TABLE IF EXISTS ${qualified(beside)}`);
  return { rows: sum(contents), changed };
}

async function contentsOf(
  client: ClientBase,
  column: string,
  beside: RelationName,
  periods: readonly Period[],
): Promise<PeriodContent[]> {
  const found = await client.query<{ period: string; rows: string; content: string }>(
    `SELECT to_char(${ident(column)}, 'YYYY-MM-DD') AS period, count(*) AS rows,
            sum(hash_record_extended(c, 0)) || ' ' || sum(hash_record_extended(c, 1)) AS content
       FROM ${qualified(beside)} c GROUP BY 1`,
  );
  const byPeriod = new Map(found.rows.map((row) => [row.period, row]));
  return periods.map((each) => {
    const period = firstDay(each).toString();
    const row = byPeriod.get(period);
    return { period, rows: Number(row?.rows ?? 0), content: row?.content ?? '' };
  });
}

/** A period that has a table of its own goes straight into it: it is as large as what it is made from. */
async function computeTable(
  options: ComputeOptions,
  table: RelationName,
  period: Period,
  marks: ReadonlyMap<Day, string>,
): Promise<ComputedPeriods> {
  const { client, project, aggregate } = options;
  const names = columns(aggregate.table.columns.map(({ name }) => name));
  return inTransaction(client, async () => {
    await setUp(client, aggregate);
    await client.query(`DELETE FROM ${qualified(table)}`);
    const made = await client.query(
      `INSERT INTO ${qualified(table)} (${names})
       SELECT ${names} FROM (${periodsSql(project, aggregate, [period])}\n) AS computed`,
    );
    await ensureIndexes(client, aggregate, table, period);
    const rows = made.rowCount ?? 0;
    const content = { period: firstDay(period).toString(), rows, content: String(rows) };
    return { rows, changed: await record(options, [content], marks) };
  });
}

async function setUp(client: ClientBase, aggregate: Aggregate): Promise<void> {
  await setForDataset(client, aggregate);
  // Few statements over many rows: compiling them costs more than it saves. What a statement has grouped itself is
  // expected to be one row, and a loop over what it is joined with for each of them never ends.
  await client.query('SET LOCAL jit = off; SET LOCAL enable_nestloop = off');
}

async function record(
  { client, project, aggregate, run }: ComputeOptions,
  contents: readonly PeriodContent[],
  marks: ReadonlyMap<Day, string>,
): Promise<Period[]> {
  const days = await recordComputed(client, project.name, aggregate.name, contents, {
    definitionHash: aggregateHash(aggregate),
    run,
    marks,
  });
  const changed = days.map((day) => periodOf(day, aggregate.period));
  await oweAbove(client, project, aggregate, changed);
  return changed;
}

function sum(contents: readonly PeriodContent[]): number {
  return contents.reduce((total, { rows }) => total + rows, 0);
}
