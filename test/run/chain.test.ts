import { describe, expect, it } from 'vitest';
import { previousStart } from '../../src/plan/schedule.ts';
import { copyStatuses, lateWhy, type Chain } from '../../src/run/chain.ts';
import { Scheduler } from '../../src/run/scheduler.ts';
import { DayboardError } from '../../src/project/errors.ts';
import type { SchemaCopy } from '../../src/project/model.ts';
import { aProject } from '../support/definitions.ts';

const COPY: SchemaCopy = {
  name: 'application',
  description: '',
  source: 'app',
  schema: 'public',
  exclude: [],
  extensions: [],
  never: { named: ['x'] },
  add: [],
  drop: [],
};
const START = '2024-11-18T01:30:00.000Z';

function chain(parts: { started?: Record<string, string>; done?: Record<string, string> } = {}): Chain {
  return {
    start: START,
    starts: {
      started: new Map(Object.entries(parts.started ?? {})),
      done: new Map(Object.entries(parts.done ?? {})),
      owedSince: new Map(),
    },
  };
}

describe('the last scheduled start', () => {
  const schedule = { at: '02:30', timeZone: 'Europe/Paris', atStart: false, catchUpDays: 7 };
  it.each([
    ['2024-11-18T09:00:00.000Z', '2024-11-18T01:30:00.000Z'],
    ['2024-11-18T01:30:00.000Z', '2024-11-18T01:30:00.000Z'],
    ['2024-11-18T01:29:59.000Z', '2024-11-17T01:30:00.000Z'],
    // On the day on which 02:30 is left out (it starts at 03:00), and on the one on which it comes twice.
    ['2024-03-31T12:00:00.000Z', '2024-03-31T01:00:00.000Z'],
    ['2024-10-28T01:00:00.000Z', '2024-10-27T00:30:00.000Z'],
  ])('before %s was %s', (now, start) => {
    expect(previousStart(schedule, now)).toBe(start);
  });
});

describe('a step that comes after another', () => {
  const weeks = { kind: 'aggregate', name: 'weeks' } as const;

  it('is late when it was owed at the start and has not begun since', () => {
    const why = lateWhy(
      weeks,
      chain({ started: { 'aggregate weeks': '2024-11-11T02:00:00.000Z' } }),
      () => true,
    );
    expect(why).toContain('2024-11-18T01:30Z');
  });

  it('is not late when it has begun, however it ended, or when nothing was owed at the start', () => {
    const begun = chain({ started: { 'aggregate weeks': '2024-11-18T02:00:00.000Z' } });
    expect(lateWhy(weeks, begun, () => true)).toBeUndefined();
    expect(lateWhy(weeks, chain(), () => false)).toBeUndefined();
  });
});

describe('a copy, as freshness shows it', () => {
  const project = { ...aProject(), copies: [COPY] };
  const verdict = (known: Chain) => copyStatuses(project, known, '2024-11-18T09:00:00.000Z')[0];

  it('is an error when the schedule started and it did not, or did not succeed', () => {
    const old = { 'copy application': '2024-11-17T01:40:00.000Z' };
    expect(verdict(chain({ started: old, done: old }))).toMatchObject({
      verdict: 'error',
      why: expect.stringContaining('did not start'),
    });
    const begun = { 'copy application': '2024-11-18T01:31:00.000Z' };
    expect(verdict(chain({ started: begun, done: old }))?.why).toContain('did not succeed');
  });

  it('passes when it was made since, is unknown when it never was, and is not shown when it is off', () => {
    const made = { 'copy application': '2024-11-18T01:45:00.000Z' };
    expect(verdict(chain({ started: made, done: made }))).toMatchObject({
      verdict: 'pass',
      ageSeconds: 26_100,
    });
    expect(verdict(chain())).toMatchObject({ verdict: 'unknown', why: 'Never made.' });
    const off = { ...project, copies: [{ ...COPY, off: 'not here' }] };
    expect(copyStatuses(off, chain(), '2024-11-18T09:00:00.000Z')).toEqual([]);
  });
});

describe('a scheduled start', () => {
  it('makes the copies first, and goes on when they cannot be made', async () => {
    const asked: string[] = [];
    const told: string[] = [];
    let stop = (): void => undefined;
    const scheduler = new Scheduler({
      workspace: {
        project: {
          ...aProject({ schedule: { at: '01:00', timeZone: 'UTC', atStart: true, catchUpDays: 1 } }),
          copies: [COPY],
        },
        list: async () => new Map(),
        plan: async ({ command }) => {
          asked.push(command);
          if (command === 'copy')
            throw new DayboardError({ code: 'copy.tools', kind: 'refused', message: 'pg_dump is too old.' });
          if (command === 'refresh') stop();
          return { cells: [], steps: [] } as never;
        },
        start: () => Promise.reject(new Error('there is nothing to start')),
        watch: () => () => undefined,
        holdSchedule: async () => ({ release: async () => undefined }),
      },
      now: () => '2024-11-18T09:00:00.000Z',
      sleep: async () => undefined,
      log: (text) => told.push(text),
      pollMinutes: 15,
      concurrency: 1,
    });
    stop = () => scheduler.stop('step');
    await scheduler.run();
    expect(asked[0]).toBe('copy');
    expect(asked).toContain('refresh');
    expect(told.join()).toContain('pg_dump is too old. The rest goes on');
  });
});
