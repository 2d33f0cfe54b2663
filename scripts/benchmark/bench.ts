import { mkdtemp, rm } from 'node:fs/promises';
import { totalmem, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/demo/postgres/embedded.ts';

/** What every benchmark works with: a PostgreSQL of its own and a folder, both gone when it ends. */
export interface Bench {
  postgres: EmbeddedPostgres;
  folder: string;
  settings: Readonly<Record<string, string>>;
}

/**
 * Settings of a server that has this machine for itself, after the usual advice: a quarter of the memory as buffers,
 * few checkpoints, JIT as it comes. It is durable: fsync and synchronous commits are on.
 */
function serverSettings(): Record<string, string> {
  const megabytes = totalmem() / 2 ** 20;
  return {
    shared_buffers: `${Math.min(8192, Math.floor(megabytes / 4))}MB`,
    effective_cache_size: `${Math.floor(megabytes / 2)}MB`,
    maintenance_work_mem: `${Math.min(1024, Math.floor(megabytes / 16))}MB`,
    max_wal_size: '8GB',
    checkpoint_timeout: '15min',
  };
}

/**
 * Runs a benchmark on a server of its own and removes everything afterwards.
 * @param others settings in place of, or beside, those above
 */
export async function withBench<T>(
  others: Readonly<Record<string, string>>,
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'dayboard-bench-'));
  const settings = { ...serverSettings(), ...others };
  const postgres = await startEmbeddedPostgres({
    directory: join(folder, 'postgres'),
    env: process.env,
    settings,
  });
  try {
    return await work({ postgres, folder, settings });
  } finally {
    await postgres.stop();
    await rm(postgres.directory, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

export async function createDatabase({ postgres }: Bench, name: string): Promise<void> {
  await withClient(postgres, 'postgres', (client) => client.query(`CREATE DATABASE ${name}`));
}

/** Runs `work` on a connection of its own to a database. */
export async function withClient<T>(
  postgres: EmbeddedPostgres,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: postgres.connectionString(database) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** What a benchmark is at, for whoever waits for it. */
export function say(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
}
