import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** The file's columns, as types that the raw table has. */
export const FILE_COLUMNS =
  'user_id varchar, device_id varchar, visit_ts timestamptz, user_agent varchar, instance varchar, domain varchar';

/** COPY of a local file as `psql \copy` does it; returns its rows. */
export async function copyFile(client: pg.Client, table: string, file: string): Promise<number> {
  const copy = client.query(copyFrom(`COPY ${table} FROM STDIN (FORMAT csv, HEADER true)`));
  await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), copy);
  return copy.rowCount;
}

/** The floor: COPY of the file into an unlogged table without indexes. */
export async function bareCopy(client: pg.Client, file: string): Promise<{ seconds: number; rows: number }> {
  await client.query(`CREATE UNLOGGED TABLE bare (${FILE_COLUMNS})`);
  const started = performance.now();
  const rows = await copyFile(client, 'bare', file);
  const seconds = (performance.now() - started) / 1000;
  await client.query('DROP TABLE bare');
  return { seconds, rows };
}
