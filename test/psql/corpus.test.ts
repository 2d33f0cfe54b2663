import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemPostgres } from '../support/postgres.ts';
import { comparedWithPsql, psqlVersion, wantPsql } from '../support/psql.ts';
import { compare, nameOf } from './differential/compare.ts';
import { DIFFERENCES } from './differential/differences.ts';
import { generatedScripts, soups } from './differential/generate.ts';
import { passLines, passTable } from './differential/pass-table.ts';
import { corpus } from './differential/scripts.ts';

/** DAYBOARD_FUZZ_RUNS scripts of each sort from DAYBOARD_FUZZ_SEED on: few for every run, many by hand. */
const RUNS = Number(process.env['DAYBOARD_FUZZ_RUNS'] ?? 60);
const SEED = Number(process.env['DAYBOARD_FUZZ_SEED'] ?? 15);
/** Where the README's table comes from; written when DAYBOARD_STORE_CORPUS=1. */
const STORED = join(import.meta.dirname, '../../scripts/bench-results/psql-corpus.json');
const MINUTES = 60_000;

/** Outputs are those of psql 15; a newer one prints some of them otherwise. */
const comparable = wantPsql() && psqlVersion()?.major === 15;
const scripts = corpus().filter(({ since }) => since <= 15);
const known = new Set(DIFFERENCES.map(({ script }) => script));

describe.runIf(comparable)(`${comparedWithPsql('scripts through psql and through dayboard', 15)}`, () => {
  it(
    'write the same, end the same and leave the same behind',
    async () => {
      const all = [...scripts, ...generatedScripts(RUNS, SEED)];
      const mismatches = await compare(all);
      const results = passTable(all, mismatches, DIFFERENCES);
      process.stdout.write(`${psqlVersion()?.text ?? ''}\n${passLines(results)}\n`);
      expect(mismatches.filter(({ script }) => !known.has(script))).toEqual([]);
      const stale = [...known].filter((name) => !mismatches.some(({ script }) => script === name));
      expect(stale, 'differences that are none any more').toEqual([]);
      if (process.env['DAYBOARD_STORE_CORPUS'] !== '1') return;
      writeFileSync(STORED, `${JSON.stringify({ psql: psqlVersion()?.text, results }, null, 2)}\n`);
    },
    10 * MINUTES,
  );

  it(
    'are split the same, whatever their characters',
    async () => {
      expect(await compare(soups(RUNS, SEED))).toEqual([]);
    },
    10 * MINUTES * Math.max(1, RUNS / 1000),
  );
});

const older = comparable ? await systemPostgres() : undefined;

describe.runIf(older !== undefined && older.major < 18)(
  'scripts whose difference is due to a new server',
  () => {
    afterAll(() => older!.stop());

    it('end the same on an older one', async () => {
      const names = new Set(
        DIFFERENCES.filter(({ sameBefore18 }) => sameBefore18).map(({ script }) => script),
      );
      const some = scripts.filter((script) => names.has(nameOf(script)));
      expect(some).not.toEqual([]);
      expect(await compare(some, older)).toEqual([]);
    });
  },
);
