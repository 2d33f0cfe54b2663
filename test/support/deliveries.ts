import type pg from 'pg';
import { columns, qualified } from '../../src/ledger/sql.ts';
import { publishDelivery } from '../../src/load/publish/publish.ts';
import type { Lend } from '../../src/load/publish/spread.ts';
import { undoDelivery } from '../../src/load/publish/undo.ts';
import type { Prepared } from '../../src/load/prepared.ts';
import type { Dataset, Period, Project } from '../../src/project/model.ts';
import { firstDay } from '../../src/project/period.ts';

export type Values = Record<string, string | number | null>;

/** A run in the ledger, for what is published in its name. */
export async function startRun(client: pg.Client, project: string): Promise<string> {
  const made = await client.query<{ id: string }>(
    `INSERT INTO dayboard.run (project, context, command, cli, plan, state, by_user, host, pid)
     VALUES ($1, 'test', 'sync', '', '{}', 'running', 'test', 'test', 1) RETURNING id`,
    [project],
  );
  return made.rows[0]!.id;
}

/** Rows as the loader would have prepared them for a delivery. `day` names the column that holds a row's day. */
export async function prepareRows(
  client: pg.Client,
  dataset: Dataset,
  period: Period,
  rows: readonly Values[],
  day = 'day',
): Promise<Prepared> {
  const relation = {
    schema: 'dayboard_staging',
    name: `${dataset.name}_${period.replaceAll('-', '_')}_prepared`,
  };
  const described = dataset.table.columns.map(({ name, type }) => `"${name}" ${type}`).join(', ');
  const names = columns(dataset.table.columns.map(({ name }) => name));
  await client.query(`DROP TABLE IF EXISTS ${qualified(relation)}`);
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(relation)} (${described}, _delivery date DEFAULT '${firstDay(period).toString()}')`,
  );
  await client.query(
    `INSERT INTO ${qualified(relation)} (${names}) SELECT ${names} FROM jsonb_to_recordset($1) AS r(${described})`,
    [JSON.stringify(rows)],
  );
  const days: Record<string, number> = {};
  for (const row of rows) days[String(row[day])] = (days[String(row[day])] ?? 0) + 1;
  return { relation, rows: rows.length, kept: rows.length, days, findings: [], notes: [] };
}

/** What every publish of one dataset in a test has in common. */
export interface Publisher {
  client: pg.Client;
  project: Project;
  dataset: Dataset;
  run: string;
  /** Where publishes run when it is not on `client`. */
  on?: pg.Client;
  /** Lends further connections. */
  lend?: Lend;
  signal?: AbortSignal;
}

/** Publishes rows as a period's delivery; rollups follow at once unless `derive` is false. */
export async function publishRows(
  publisher: Publisher,
  period: Period,
  rows: readonly Values[],
  derive = true,
) {
  const { client, project, dataset, run } = publisher;
  return publishDelivery({
    client: publisher.on ?? client,
    project,
    dataset,
    period,
    prepared: await prepareRows(client, dataset, period, rows),
    object: {
      key: `${dataset.name}_${period}.csv`,
      size: 34,
      etag: 'e1',
      modified: '2024-11-15T01:00:00Z',
    },
    run,
    rules: 'rules',
    derive,
    ...(publisher.lend === undefined ? {} : { lend: publisher.lend }),
    signal: publisher.signal ?? new AbortController().signal,
  });
}

/** Takes the newest version of a period's delivery back. */
export function undoRows(
  { client, project, dataset, run, lend }: Publisher,
  period: Period,
  derive = true,
  version?: number,
) {
  const signal = new AbortController().signal;
  const lends = lend === undefined ? {} : { lend };
  return undoDelivery({
    client,
    project,
    dataset,
    period,
    run,
    derive,
    signal,
    by: 'test',
    version,
    ...lends,
  });
}

/** The rows of a query, each as its values joined by '|', sorted. */
export async function lines(client: pg.Client, sql: string): Promise<string[]> {
  const found = await client.query({ text: sql, rowMode: 'array' });
  return (found.rows as unknown[][])
    .map((row) => row.map((value) => (value instanceof Date ? value.toISOString() : String(value))).join('|'))
    .sort();
}
