import type pg from 'pg';
import type { TestDatabase } from './postgres.ts';
import { until } from './until.ts';

/** What a dashboard that asks all the time has seen. */
export interface Readings {
  /** Answers in the order they came, each as JSON, without repetitions in a row. */
  states: string[];
  /** How often it asked. */
  count: number;
}

/**
 * Reads as dashboards do, without a pause, while `work` goes on, and before and after it. It fails when a lock keeps it
 * waiting for 50 ms: the server measures that, and this process's own pauses are no part of it.
 */
export async function whileRead(
  database: TestDatabase,
  sql: string,
  work: () => Promise<unknown>,
): Promise<Readings> {
  const reader = await database.connect();
  await reader.query(`SET lock_timeout = '50ms'`);
  const readings: Readings = { states: [], count: 0 };
  let failure: unknown;
  let isOver = false;
  const reading = (async () => {
    while (!isOver) await read(reader, sql, readings);
  })().catch((thrown: unknown) => {
    failure = thrown;
  });
  const reads = async (more: number) => {
    const enough = readings.count + more;
    await until(() => failure !== undefined || readings.count >= enough, { what: 'the dashboard reads' });
  };
  try {
    await reads(3);
    await work();
    await reads(3);
  } finally {
    isOver = true;
    await reading;
    await reader.end();
  }
  if (failure !== undefined) throw new Error('a reader was kept waiting', { cause: failure });
  return readings;
}

async function read(reader: pg.Client, sql: string, readings: Readings): Promise<void> {
  const found = await reader.query(sql);
  const state = JSON.stringify(found.rows);
  readings.count += 1;
  if (readings.states.at(-1) !== state) readings.states.push(state);
}
