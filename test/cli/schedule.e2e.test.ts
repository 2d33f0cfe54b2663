import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { CONFIG, daysAgo, file, Place } from './place.ts';

/** Daily at a time that is never soon. */
const LATER = `${String((new Date().getUTCHours() + 12) % 24).padStart(2, '0')}:00`;

describe('schedule', () => {
  it('loads what is there when it begins, says when it starts next, and ends with 0 on SIGTERM', async () => {
    const place = await Place.make(CONFIG);
    place.deliver(`visits_${daysAgo(1)}.csv`, file('a', 'b'));
    const started = place.start(['schedule'], { CRON_SCHEDULE: LATER, FORCE_SYNC_AT_START: 'true' });
    await started.says(/schedule: run 1 done: 1 published, 0 failed/);
    expect(started.stderr()).toMatch(
      new RegExp(`schedule: the next start is at \\d{4}-\\d\\d-\\d\\dT${LATER}`),
    );
    expect(started.stderr()).toContain(`missing at the source: sso ${daysAgo(3)}..${daysAgo(1)}`);
    started.child.kill('SIGTERM');
    const ended = await started.ended;
    expect(ended).toMatchObject({ code: 0, stdout: '' });
    expect(ended.stderr).toContain('SIGTERM, stopping after the steps in flight');
    expect(await place.query('SELECT visits::int FROM visits_per_day')).toEqual([{ visits: 2 }]);
  });

  it('runs once: a second one is refused with 5, and may begin when the first has ended', async () => {
    const place = await Place.make(CONFIG);
    const env = { CRON_SCHEDULE: LATER };
    const first = place.start(['schedule'], env);
    await first.says('the next start is at');
    const second = await place.run(['schedule'], env);
    expect(second.code).toBe(5);
    expect(second.stderr).toMatch(/schedule is held by .* since/);
    first.child.kill('SIGKILL');
    await first.ended;
    await until(async () => {
      const third = place.start(['schedule'], env);
      const begun = await Promise.race([
        third.says('the next start is at').then(() => true),
        third.ended.then(() => false),
      ]);
      third.child.kill('SIGTERM');
      await third.ended;
      return begun;
    });
  });

  it('waits for a database that it loses, and goes on when it is back', async () => {
    const place = await Place.make(CONFIG);
    const started = place.start(['schedule', '--poll', '1'], { CRON_SCHEDULE: LATER });
    await started.says('the next start is at');
    const watching = async () =>
      (
        await place.query<{ pid: number }>(
          "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dayboard watch%'",
        )
      ).map(({ pid }) => pid);
    await until(async () => (await watching()).length === 1);
    const before = await watching();
    await place.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    // A session that is being ended is still listed for a moment.
    await until(async () => {
      const pids = await watching();
      return pids.length === 1 && pids[0] !== before[0];
    });
    expect(started.child.exitCode).toBeNull();
    started.child.kill('SIGTERM');
    expect((await started.ended).code).toBe(0);
  });

  it('takes no schedule that is none', async () => {
    const place = await Place.make(CONFIG);
    expect(await place.run(['schedule'], { CRON_SCHEDULE: '25:00' })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('CRON_SCHEDULE'),
    });
    expect((await place.run(['schedule', '--poll', '0'])).code).toBe(2);
  });
});
