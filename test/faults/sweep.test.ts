import { expect, it } from 'vitest';
import { sweep } from './sweep.ts';

/** DAYBOARD_FAULTS=all sweeps every fault at every point; else so many cases, chosen by DAYBOARD_FAULTS_SEED. */
const CASES = process.env['DAYBOARD_FAULTS'] ?? '20';
const SEED = Number(process.env['DAYBOARD_FAULTS_SEED'] ?? 20_261_123);
const HOURS = 3_600_000;

it(
  'leaves what was or what is to be, and the next run completes, whatever fails wherever',
  async () => {
    const { table, failures } = await sweep({
      cases: CASES === 'all' ? undefined : Number(CASES),
      seed: SEED,
      only: process.env['DAYBOARD_FAULTS_ONLY'],
    });
    process.stdout.write(`${table}\n`);
    expect(failures).toEqual([]);
  },
  12 * HOURS,
);
