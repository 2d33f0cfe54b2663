import { Readable } from 'node:stream';
import type { ClientBase } from 'pg';
import { loadStaging, type StagingOptions } from '../../src/load/staging.ts';
import type { Staged } from '../../src/load/prepared.ts';
import { columns, qualified } from '../../src/ledger/sql.ts';
import type { Dataset, RelationName } from '../../src/project/model.ts';

/** A dataset like the ones people have: quoted agents, ids that begin with a backslash, times with offsets. */
export function visits(changes: Partial<Dataset> = {}): Dataset {
  return {
    name: 'visits',
    description: '',
    source: 'main',
    key: 'visits_{period}.csv',
    period: 'day',
    timeZone: 'UTC',
    carries: { kind: 'window', key: ['user_id', 'visit_ts'], winner: 'newest' },
    file: ['user_id', 'visit_ts', 'user_agent', 'hits'].map((name) => ({ header: name, column: name })),
    table: {
      schema: 'public',
      name: 'visits',
      columns: [
        { name: 'user_id', type: 'varchar', nullable: false },
        { name: 'visit_ts', type: 'timestamptz', nullable: false },
        { name: 'user_agent', type: 'text', nullable: false },
        {
          name: 'platform',
          type: 'varchar',
          nullable: true,
          value: {
            kind: 'firstMatch',
            column: 'user_agent',
            rules: [
              ['Mozilla%', 'Web'],
              ['%iOS', 'Mobile'],
              ["100\\%%'%", "it's"],
            ],
            otherwise: 'Other',
          },
        },
        { name: 'hits', type: 'integer', nullable: true },
        { name: 'visit_date', type: 'date', nullable: false, value: { kind: 'dayOf', column: 'visit_ts' } },
      ],
      indexes: [],
      partitionBy: 'visit_ts',
    },
    duplicates: ['hits DESC'],
    guards: { empty: 'stop' },
    expected: { days: 1, at: '06:00' },
    corrections: [],
    ...changes,
  };
}

export const HEADER = 'user_id,visit_ts,user_agent,hits\n';

/** A dataset of nullable texts, for files whose values are all that matters. */
export function texts(names: readonly string[]): Dataset {
  const base = visits();
  return {
    ...base,
    name: 'texts',
    carries: { kind: 'snapshot', mode: 'replace' },
    file: names.map((name) => ({ header: name, column: name })),
    table: {
      schema: 'public',
      name: 'texts',
      columns: names.map((name) => ({ name, type: 'text', nullable: true })),
      indexes: [],
    },
    duplicates: [],
  };
}

/** Loads bytes as the delivery of 2024-11-14 in run 7. */
export function stage(
  client: ClientBase,
  dataset: Dataset,
  file: string | Buffer,
  options: Partial<StagingOptions> = {},
): Promise<Staged> {
  const bytes = Buffer.from(file);
  return loadStaging({
    client,
    dataset,
    period: '2024-11-14',
    run: '7',
    open: async () => streamOf(bytes),
    objectName: 'visits_2024-11-14.csv',
    signal: new AbortController().signal,
    ...options,
  });
}

/** The bytes in pieces of `size`, each a chunk of its own. */
export function streamOf(bytes: Buffer, size = 64 * 1024): Readable {
  return Readable.from(pieces(bytes, size));
}

export function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** All rows, as arrays of texts, in the order of the table. */
export async function rowsOf(
  client: ClientBase,
  relation: RelationName,
  names: readonly string[],
): Promise<unknown[][]> {
  const texted = names.map((name) => `${columns([name])}::text`).join(', ');
  const found = await client.query({
    text: `SELECT ${texted} FROM ${qualified(relation)} ORDER BY ctid`,
    rowMode: 'array',
  });
  return found.rows as unknown[][];
}

/** Rows in an order that only depends on what they hold. */
export function sorted(rows: unknown[][]): unknown[][] {
  const texts = rows.map((row) => JSON.stringify(row));
  return texts.sort((a, b) => (a < b ? -1 : 1)).map((text) => JSON.parse(text) as unknown[]);
}

/** Names of everything that is in dayboard_staging. */
export async function stagingTables(client: ClientBase): Promise<string[]> {
  const found = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'dayboard_staging'::regnamespace AND relkind = 'r' ORDER BY 1`,
  );
  return found.rows.map(({ name }) => name);
}

/** The error that a promise rejects with; fails the test when it does not. */
export async function failure<T>(promise: Promise<T>): Promise<unknown> {
  return promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (thrown: unknown) => thrown,
  );
}

/** Everything that comes out of chunks, as one text. */
export async function collect(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}
