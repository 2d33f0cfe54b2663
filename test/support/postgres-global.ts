import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/demo/postgres/embedded.ts';
import { FAST } from './postgres-settings.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The superuser's connection string of the run's PostgreSQL. */
    postgres: string;
  }
}

const PREFIX = 'dayboard-test-postgres-';

/** One PostgreSQL for the whole run; it ends with it, also when the run is killed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeLeftovers();
  const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const server = await startEmbeddedPostgres({ directory, env: process.env, settings: FAST });
  project.provide('postgres', server.connectionString('postgres'));
  return async () => {
    await server.stop();
    await rm(server.directory, { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
  };
}

/** The files of runs that were killed: no process of theirs lives any more. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const pid = Number.parseInt(name.slice(PREFIX.length), 10);
    if (!lives(pid)) await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
