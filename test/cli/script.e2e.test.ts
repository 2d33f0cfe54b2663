import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { CONFIG, Place } from './place.ts';

async function withScript(text: string): Promise<Place> {
  const place = await Place.make(CONFIG);
  place.write('fix.sql', text);
  return place;
}

describe('dayboard script', () => {
  it('shows what a script would do, runs it as psql would, and keeps its run', async () => {
    const place = await withScript(
      'CREATE TABLE t AS SELECT 1 AS a;\nSELECT * FROM t;\n\\echo :day\nTRUNCATE t;\n',
    );
    const plan = await place.run(['script', 'fix.sql', '-v', 'day=2024-11-14', '--dry-run']);
    expect(plan.code).toBe(0);
    expect(plan.stdout).toMatch(/^fix\.sql 3 statements: 1 read, 1 ddl, 1 destructive\n/);
    expect(plan.stdout).toMatch(/fix\.sql:4 +destroys +t +TRUNCATE t\n/);
    const ran = await place.run(['script', 'fix.sql', '-v', 'day=2024-11-14']);
    expect(ran).toMatchObject({
      code: 0,
      stdout: 'SELECT 1\n a \n---\n 1\n(1 row)\n\n2024-11-14\nTRUNCATE TABLE\n',
      stderr: '',
    });
    const shown = await place.run(['runs', 'show', '1']);
    expect(shown.stdout).toContain('day = 2024-11-14\noutput:\nSELECT 1\n');
  });

  it('fails with the line, for people and for machines', async () => {
    const place = await withScript('SELECT 1;\nselec 2;\n');
    const ran = await place.run(['script', 'fix.sql']);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('error fix.sql:2: syntax error') });
    const events = (await place.run(['script', 'fix.sql', '--json'])).json();
    expect(events.at(-2)).toMatchObject({ type: 'step.failed', error: { facts: { line: 2 } } });
    expect(events.at(-1)).toMatchObject({ type: 'run.done', outcome: { state: 'failed', exitCode: 1 } });
    const missing = await place.run(['script', 'no.sql']);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('no.sql cannot be read') });
  });

  it('ends the statement at work with Ctrl-C, and the statements after it never begin', async () => {
    const place = await withScript('SELECT pg_sleep(600);\nCREATE TABLE never ();\n');
    const started = place.start(['script', 'fix.sql', '--on-error', 'continue']);
    const atWork = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND wait_event = 'PgSleep'`;
    await until(async () => (await place.query(atWork)).length > 0, { what: 'the statement is at work' });
    started.child.kill('SIGINT');
    expect(await started.ended).toMatchObject({ code: 130 });
    expect(await place.query("SELECT to_regclass('never') AS never")).toEqual([{ never: null }]);
  });
});
