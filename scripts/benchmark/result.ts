import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Bench, withClient } from './bench.ts';

const RESULTS = join(import.meta.dirname, '..', 'bench-results');

/** Seconds by phase, in the order in which they were done. */
export type Phases = Record<string, number>;

/** Where and when a result was measured. */
export interface Machine {
  machine: string;
  memory: string;
  date: string;
  postgresql: string;
  settings: Readonly<Record<string, string>>;
}

export async function describeMachine({ postgres, settings }: Bench): Promise<Machine> {
  const version = await withClient(postgres, 'postgres', (client) =>
    client.query<{ server_version: string }>('SHOW server_version'),
  );
  return {
    machine: `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    date: new Date().toISOString().slice(0, 10),
    postgresql: version.rows[0]?.server_version ?? 'unknown',
    settings,
  };
}

/** Keeps a result as scripts/bench-results/NAME.json and prints it. */
export async function keepResult(name: string, result: unknown): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const text = JSON.stringify(result, null, 2);
  await writeFile(join(RESULTS, `${name}.json`), `${text}\n`);
  console.log(text);
}

/** Does `work` and returns the seconds that it took. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return round((performance.now() - started) / 1000);
}

export function total(phases: Phases): number {
  return round(Object.values(phases).reduce((sum, each) => sum + each, 0));
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
