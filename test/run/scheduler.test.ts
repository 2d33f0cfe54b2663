import { describe, expect, it } from 'vitest';
import { DayboardError } from '../../src/project/errors.ts';
import type { Project } from '../../src/project/model.ts';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import { FakeClock, FakeWorkspace, held, scheduling, settled, unreachable } from './fake-schedule.ts';

/** Daily at 01:00 UTC, three days back; deliveries are due at 00:30. */
function setUp(start: string, changes: Partial<Project> = {}) {
  const project = aProject({
    schedule: { at: '01:00', timeZone: 'UTC', atStart: false, catchUpDays: 3 },
    datasets: [aDataset({ expected: { days: 1, at: '00:30' } })],
    ...changes,
  });
  const clock = new FakeClock(start);
  return { clock, workspace: new FakeWorkspace(project, clock) };
}

const NOON = '2024-11-14T12:00:00Z';

describe('the schedule', () => {
  it('loads at each start what the last days have and is not up to date', async () => {
    const { clock, workspace } = setUp(NOON);
    workspace.published.set('visits 2024-11-12', 'old').set('visits 2024-11-13', 'same');
    workspace.objects.set('visits 2024-11-12', 'new').set('visits 2024-11-13', 'same');
    const { scheduler, log, done } = scheduling(workspace, clock);
    await clock.until('2024-11-15T00:59:00Z');
    expect(workspace.runs).toEqual([]);
    workspace.objects.set('visits 2024-11-14', 'e');
    await clock.until('2024-11-15T01:00:00Z');
    expect(workspace.runs.map((run) => [run.command, run.cells])).toEqual([
      ['sync', ['visits 2024-11-12', 'visits 2024-11-14']],
    ]);
    expect(log).toContain(
      'the start of 2024-11-15T01:00:00.000Z; the next one is at 2024-11-16T01:00:00.000Z',
    );
    scheduler.stop('step');
    await expect(done).resolves.toEqual({ cutShort: false });
  });

  it('catches up at once on what arrived while it was not there', async () => {
    const { clock, workspace } = setUp(NOON);
    workspace.objects
      .set('visits 2024-11-12', 'e')
      .set('visits 2024-11-13', 'e')
      .set('visits 2024-11-01', 'too old');
    const { scheduler } = scheduling(workspace, clock);
    await clock.until(NOON);
    expect(workspace.runs.map((run) => run.cells)).toEqual([['visits 2024-11-12', 'visits 2024-11-13']]);
    scheduler.stop('step');
  });

  it('loads a delivery that arrives late at the next look at the source', async () => {
    const { clock, workspace } = setUp(NOON);
    const { scheduler } = scheduling(workspace, clock);
    await clock.until('2024-11-14T12:10:00Z');
    workspace.objects.set('visits 2024-11-13', 'e');
    await clock.until('2024-11-14T12:14:00Z');
    expect(workspace.runs).toEqual([]);
    await clock.until('2024-11-14T12:15:00Z');
    expect(workspace.runs.map((run) => run.cells)).toEqual([['visits 2024-11-13']]);
    scheduler.stop('step');
  });

  it('says what is missing at the source, and starts no run for it', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:50:00Z');
    const { scheduler, log } = scheduling(workspace, clock);
    await clock.until('2024-11-15T01:00:00Z');
    expect(workspace.runs).toEqual([]);
    expect(log).toContain('missing at the source: visits 2024-11-12..2024-11-14');
    scheduler.stop('step');
  });

  it('tries what failed again at each start, once, and never between', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:50:00Z');
    workspace.objects.set('visits 2024-11-14', 'e');
    workspace.broken.add('visits 2024-11-14');
    const { scheduler } = scheduling(workspace, clock);
    await clock.until('2024-11-15T00:55:00Z');
    expect(workspace.runs).toHaveLength(1);
    await clock.until('2024-11-15T01:05:00Z');
    expect(workspace.runs).toHaveLength(2);
    await clock.until('2024-11-16T00:59:00Z');
    expect(workspace.runs).toHaveLength(2);
    await clock.until('2024-11-16T01:00:00Z');
    expect(workspace.runs).toHaveLength(3);
    scheduler.stop('step');
  });

  it('runs once at the beginning when it is to', async () => {
    const { clock, workspace } = setUp(NOON, {
      schedule: { at: '01:00', timeZone: 'UTC', atStart: true, catchUpDays: 3 },
    });
    workspace.objects.set('visits 2024-11-13', 'new');
    workspace.published.set('visits 2024-11-13', 'old');
    const { scheduler } = scheduling(workspace, clock);
    await clock.until('2024-11-14T12:20:00Z');
    expect(workspace.runs.map((run) => run.cells)).toEqual([['visits 2024-11-13']]);
    scheduler.stop('step');
  });

  it('computes at a start what is owed, however it came to be', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:50:00Z', {
      rollups: [aRollup({ name: 'per_day', over: 'visits' })],
    });
    workspace.owed.set('per_day', 'An import left it.');
    const { scheduler } = scheduling(workspace, clock);
    await clock.until('2024-11-15T00:59:00Z');
    expect(workspace.runs).toEqual([]);
    await clock.until('2024-11-15T01:00:00Z');
    expect(workspace.runs.map((run) => run.command)).toEqual(['refresh']);
    scheduler.stop('step');
  });

  it('never overlaps itself: a start that comes while a run is on is made up for afterwards', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:50:00Z');
    workspace.objects.set('visits 2024-11-13', 'e');
    workspace.runsWait = true;
    const { scheduler, log } = scheduling(workspace, clock);
    await clock.until('2024-11-15T02:00:00Z');
    workspace.objects.set('visits 2024-11-14', 'e');
    expect(workspace.runs.map((run) => run.cells)).toEqual([['visits 2024-11-13']]);
    workspace.runs[0]?.end();
    await settled();
    expect(workspace.runs.map((run) => run.cells)).toEqual([['visits 2024-11-13'], ['visits 2024-11-14']]);
    expect(log).toContain(
      'the start of 2024-11-15T01:00:00.000Z is made up for now; the next one is at 2024-11-16T01:00:00.000Z',
    );
    workspace.runs[1]?.end();
    scheduler.stop('step');
  });

  it('makes up once for several starts that it slept through', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:50:00Z');
    workspace.objects.set('visits 2024-11-12', 'e');
    workspace.runsWait = true;
    const { scheduler, log } = scheduling(workspace, clock);
    await clock.until('2024-11-18T12:00:00Z');
    workspace.runs[0]?.end();
    await settled();
    await clock.until('2024-11-18T12:01:00Z');
    expect(log.filter((line) => line.startsWith('the start of'))).toEqual([
      'the start of 2024-11-15T01:00:00.000Z is made up for now; the next one is at 2024-11-19T01:00:00.000Z',
    ]);
    scheduler.stop('step');
  });
});

describe('beside others the schedule', () => {
  it('leaves an operator alone who holds what it needs, says so, and tries the start again at the next look', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:59:00Z');
    workspace.published.set('visits 2024-11-14', 'old');
    workspace.objects.set('visits 2024-11-14', 'new');
    workspace.accidents.start.push(held());
    const { scheduler, log } = scheduling(workspace, clock);
    await clock.until('2024-11-15T01:14:00Z');
    expect(workspace.runs).toEqual([]);
    expect(log.at(-1)).toMatch(/held by op on bastion\. It is tried again in 15 min\./);
    await clock.until('2024-11-15T01:15:00Z');
    expect(workspace.runs.map((run) => run.cells)).toEqual([['visits 2024-11-14']]);
    scheduler.stop('step');
  });

  it('starts nothing after an operator cancelled its run, until the next start', async () => {
    const { clock, workspace } = setUp(NOON);
    workspace.objects.set('visits 2024-11-13', 'e');
    workspace.runsWait = true;
    const { scheduler, log } = scheduling(workspace, clock);
    await clock.until(NOON);
    workspace.runs[0]?.end('cancelled');
    workspace.runsWait = false;
    await clock.until('2024-11-15T00:59:00Z');
    expect(workspace.runs).toHaveLength(1);
    expect(log).toContain('it was cancelled by an operator: nothing is started before the next start');
    await clock.until('2024-11-15T01:00:00Z');
    expect(workspace.runs).toHaveLength(2);
    scheduler.stop('step');
  });

  it('plans anew when somebody made its plan out of date', async () => {
    const { clock, workspace } = setUp(NOON);
    workspace.objects.set('visits 2024-11-13', 'e');
    workspace.accidents.start.push(
      new DayboardError({ code: 'plan.out-of-date', kind: 'refused', message: 'Changed.' }),
    );
    const { scheduler } = scheduling(workspace, clock);
    await clock.until(NOON);
    expect(workspace.runs).toHaveLength(1);
    scheduler.stop('step');
  });

  it('does not begin when another scheduler has the project', async () => {
    const { clock, workspace } = setUp(NOON);
    workspace.accidents.hold.push(held());
    await expect(scheduling(workspace, clock).done).rejects.toMatchObject({
      code: 'lock.held',
      kind: 'refused',
    });
  });

  it('holds the schedule from beginning to end', async () => {
    const { clock, workspace } = setUp(NOON);
    const { scheduler, done } = scheduling(workspace, clock);
    await clock.until(NOON);
    expect(workspace.holds).toBe(1);
    scheduler.stop('step');
    await done;
    expect(workspace.holds).toBe(0);
  });
});

describe('when things break', () => {
  it('a database that cannot be reached is waited for, longer each time, and the start is made then', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:59:00Z');
    workspace.objects.set('visits 2024-11-14', 'e');
    workspace.accidents.hold.push(unreachable(), unreachable(), unreachable());
    const { scheduler, log } = scheduling(workspace, clock);
    await clock.until('2024-11-15T00:59:07Z');
    expect(log.map((line) => /Tried again in (\d+) s/.exec(line)?.[1])).toEqual(['1', '2', '5']);
    expect(workspace.holds).toBe(0);
    await clock.until('2024-11-15T00:59:08Z');
    expect(workspace.holds).toBe(1);
    expect(workspace.runs).toHaveLength(1);
    scheduler.stop('step');
  });

  it('a database that is lost in the middle of a run is waited for, and the start made again with the lock taken anew', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:59:00Z');
    workspace.published.set('visits 2024-11-14', 'old');
    workspace.objects.set('visits 2024-11-14', 'new');
    workspace.accidents.run.push(unreachable());
    workspace.runsWait = true;
    const { scheduler } = scheduling(workspace, clock);
    await clock.until('2024-11-15T01:00:00Z');
    workspace.tell({ kind: 'lost', error: unreachable().toJSON(), retryInSeconds: 1 });
    workspace.accidents.hold.push(unreachable());
    workspace.runs[0]?.end();
    workspace.runsWait = false;
    await clock.until('2024-11-15T01:00:10Z');
    expect(workspace.runs.map((run) => run.cells)).toEqual([['visits 2024-11-14'], ['visits 2024-11-14']]);
    expect(workspace.holds).toBe(1);
    scheduler.stop('step');
  });

  it('a lock that may be lost is taken anew before anything is done', async () => {
    const { clock, workspace } = setUp(NOON);
    const { scheduler } = scheduling(workspace, clock);
    await clock.until('2024-11-14T12:01:00Z');
    workspace.tell({ kind: 'lost', error: unreachable().toJSON(), retryInSeconds: 1 });
    workspace.tell({ kind: 'back' });
    await clock.until('2024-11-14T12:14:00Z');
    expect(workspace.taken).toBe(1);
    await clock.until('2024-11-14T12:45:00Z');
    expect(workspace).toMatchObject({ taken: 2, holds: 1 });
    scheduler.stop('step');
  });

  it('a lock that its own dead connection still holds is waited for, and whoever holds it is told once', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:59:00Z');
    workspace.published.set('visits 2024-11-14', 'old');
    workspace.objects.set('visits 2024-11-14', 'new');
    const { scheduler, log, done } = scheduling(workspace, clock);
    await clock.until('2024-11-15T00:59:30Z');
    workspace.tell({ kind: 'lost', error: unreachable().toJSON(), retryInSeconds: 1 });
    workspace.accidents.hold.push(held(), held(), held(), held());
    await clock.until('2024-11-15T01:00:17Z');
    expect(workspace.runs).toEqual([]);
    expect(log.filter((line) => line.includes('held by'))).toEqual([
      'delivery visits 2024-11-14 is held by op on bastion. Nothing is started until it is free.',
    ]);
    await clock.until('2024-11-15T01:00:18Z');
    expect(workspace.holds).toBe(1);
    expect(workspace.runs.map((run) => run.cells)).toEqual([['visits 2024-11-14']]);
    scheduler.stop('step');
    await expect(done).resolves.toEqual({ cutShort: false });
  });

  it('ends while it waits for a lock that it had', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:59:00Z');
    const { scheduler, done } = scheduling(workspace, clock);
    await clock.until('2024-11-15T00:59:30Z');
    workspace.tell({ kind: 'lost', error: unreachable().toJSON(), retryInSeconds: 1 });
    workspace.accidents.hold.push(held(), held());
    await clock.until('2024-11-15T01:00:00Z');
    const { listings } = workspace;
    scheduler.stop('step');
    await expect(done).resolves.toEqual({ cutShort: false });
    expect(workspace).toMatchObject({ listings, runs: [] });
  });

  it('a source that does not answer is asked again at the next look, with the start that it stopped', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:59:30Z');
    workspace.published.set('visits 2024-11-14', 'old');
    workspace.objects.set('visits 2024-11-14', 'new');
    const broken = new DayboardError({ code: 'source.unreachable', message: 'S3 does not answer.' });
    const { scheduler, log } = scheduling(workspace, clock);
    await clock.until('2024-11-15T00:59:59Z');
    workspace.unlisted.set('files', broken);
    await clock.until('2024-11-15T01:01:00Z');
    expect(log.at(-1)).toBe('S3 does not answer. It is tried again in 15 min.');
    expect(workspace.runs).toEqual([]);
    workspace.unlisted.clear();
    await clock.until('2024-11-15T01:16:00Z');
    expect(workspace.runs.map((run) => run.cells)).toEqual([['visits 2024-11-14']]);
    scheduler.stop('step');
  });

  it('a source that does not answer stops nothing of another, nor what is owed, and its start alone is made up for', async () => {
    const { clock, workspace } = setUp('2024-11-15T00:59:30Z', {
      sources: { files: { kind: 'directory', path: '.' }, s3: { kind: 's3' } },
      datasets: [
        aDataset({ expected: { days: 1, at: '00:30' } }),
        aDataset({ name: 'sso', source: 's3', expected: { days: 1, at: '00:30' } }),
      ],
      rollups: [aRollup({ name: 'per_day', over: 'visits' })],
    });
    for (const name of ['visits', 'sso']) {
      workspace.published.set(`${name} 2024-11-14`, 'old');
      workspace.objects.set(`${name} 2024-11-14`, 'new');
    }
    workspace.broken.add('visits 2024-11-14');
    workspace.owed.set('per_day', 'An import left it.');
    workspace.unlisted.set(
      's3',
      new DayboardError({ code: 'source.unreachable', message: 'S3 does not answer.' }),
    );
    const { scheduler, log } = scheduling(workspace, clock);
    await clock.until('2024-11-15T01:00:00Z');
    const runs = () => workspace.runs.map((run) => [run.command, run.cells]);
    expect(runs()).toEqual([
      ['sync', ['visits 2024-11-14']],
      ['refresh', []],
    ]);
    expect(log).toContain('S3 does not answer. It is tried again in 15 min.');
    expect(log).not.toContainEqual(expect.stringContaining('missing at the source: sso'));
    workspace.unlisted.clear();
    await clock.until('2024-11-15T01:16:00Z');
    expect(runs().slice(2)).toEqual([['sync', ['sso 2024-11-14']]]);
    await clock.until('2024-11-15T02:00:00Z');
    expect(runs()).toHaveLength(3);
    scheduler.stop('step');
  });

  it('wrong credentials end it at the beginning', async () => {
    const { clock, workspace } = setUp(NOON);
    workspace.accidents.hold.push(new DayboardError({ code: 'database.credentials', message: 'Refused.' }));
    await expect(scheduling(workspace, clock).done).rejects.toMatchObject({ code: 'database.credentials' });
  });
});

describe('being stopped', () => {
  it('ends after the steps in flight, then now, and says that something was cut short', async () => {
    const { clock, workspace } = setUp(NOON);
    workspace.objects.set('visits 2024-11-13', 'e');
    workspace.runsWait = true;
    const { scheduler, done } = scheduling(workspace, clock);
    await clock.until(NOON);
    scheduler.stop('step');
    scheduler.stop('now');
    await expect(done).resolves.toEqual({ cutShort: true });
    expect(workspace.runs[0]?.cancelled).toEqual(['step', 'now']);
  });

  it('cuts nothing short when the run could end', async () => {
    const { clock, workspace } = setUp(NOON);
    workspace.objects.set('visits 2024-11-13', 'e');
    workspace.runsWait = true;
    const { scheduler, done } = scheduling(workspace, clock);
    await clock.until(NOON);
    workspace.runs[0]?.end();
    scheduler.stop('step');
    await expect(done).resolves.toEqual({ cutShort: false });
  });

  it('ends while it waits for the database', async () => {
    const { clock, workspace } = setUp(NOON);
    workspace.accidents.hold.push(unreachable());
    const { scheduler, done } = scheduling(workspace, clock);
    await clock.until(NOON);
    scheduler.stop('step');
    await expect(done).resolves.toEqual({ cutShort: false });
  });
});
