import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { boardModel, cellAt } from '../../src/console/board-model.ts';
import { createClock } from '../../src/console/clock.ts';
import { parseDay } from '../../src/console/dates.ts';
import { age, bytes, count, duration, shortCount, sparkline } from '../../src/console/format.ts';
import { fold, rateOf, runFromPlan, secondsLeft, shareOf, stepCounts } from '../../src/console/run-model.ts';
import { dayLabels } from '../../src/console/screens/board-table.ts';
import { themeOptions } from '../../src/console/terminal.ts';
import type { Board, BoardRow } from '../../src/plan/board.ts';
import type { RunEvent } from '../../src/plan/events.ts';
import { FakeWorkspace } from '../support/fake-workspace.ts';

describe('the axis of days', () => {
  const row = (unit: BoardRow['unit'], periods: string[], states: string[] = []): BoardRow => ({
    dataset: unit,
    relation: unit,
    unit,
    cells: periods.map((period, index) => ({
      dataset: unit,
      period,
      state: (states[index] ?? 'loaded') as 'loaded',
      why: '',
      version: 1,
      publishedBefore: true,
    })),
  });
  const board = (rows: BoardRow[]): Board => ({
    project: 'p',
    context: 'c',
    asOf: '2026-11-22T07:38:00Z',
    rows,
    derived: [],
    checks: [],
    runs: [],
  });

  it('goes from the oldest period to today and has no gaps', () => {
    const model = boardModel(
      board([row('day', ['2026-11-18', '2026-11-20'])]),
      '2026-11-22T07:38:00Z',
      'UTC',
    );
    expect(model.days.map((day) => day.day)).toEqual([
      '2026-11-18',
      '2026-11-19',
      '2026-11-20',
      '2026-11-21',
      '2026-11-22',
    ]);
    expect(model.days.map((day) => day.weekend)).toEqual([false, false, false, true, true]);
    expect(model.days.at(-1)).toMatchObject({ today: true, month: 'NOV 2026' });
    expect(cellAt(model.tracks[0], 1)).toBeUndefined();
  });

  it('takes today from the project, not from here', () => {
    const model = boardModel(board([]), '2026-11-22T23:30:00Z', 'Europe/Paris');
    expect(model.days.map((day) => day.day)).toEqual(['2026-11-23']);
  });

  it('reaches as far as the shortest periods, and gives longer ones their columns of that', () => {
    const model = boardModel(
      board([
        row('day', ['2026-11-09']),
        row('week', ['2026-W46', '2026-W47']),
        row('month', ['2025-12', '2026-11']),
      ]),
      '2026-11-22T07:38:00Z',
      'UTC',
    );
    const periods = model.tracks.map((track) => model.days.map((_, column) => cellAt(track, column)?.period));
    expect(periods[1]).toEqual([...Array(7).fill('2026-W46'), ...Array(7).fill('2026-W47')]);
    expect(periods[2]).toEqual(Array(14).fill('2026-11'));
  });

  it('knows its problems in reading order, a week once', () => {
    const model = boardModel(
      board([
        row('day', ['2026-11-20', '2026-11-21'], ['missing', 'failed']),
        row('week', ['2026-W47'], ['stale']),
      ]),
      '2026-11-22T07:38:00Z',
      'UTC',
    );
    expect(model.problems.map(({ row: at, column }) => cellAt(model.tracks[at], column)?.state)).toEqual([
      'missing',
      'failed',
      'stale',
    ]);
    expect(model.counts).toMatchObject({ missing: 1, failed: 1, stale: 1 });
  });

  it('labels every day, or Mondays and today, and always the cursor', () => {
    const { days } = boardModel(board([row('day', ['2026-11-01'])]), '2026-11-22T07:38:00Z', 'UTC');
    const labels = (width: number, cursor: number) =>
      dayLabels({ days, window: { first: 0, end: days.length }, cursor }, width).map(({ text }) =>
        text.trim(),
      );
    expect(labels(3, 0)).toHaveLength(22);
    expect(labels(2, 5)).toEqual(['2', '6', '9', '16', '22']);
    expect(labels(1, 20)).toEqual(['2', '9', '16', '21']);
  });
});

describe('a run', () => {
  const step = { seq: 2, kind: 'load' as const, target: 'events', period: '2026-11-13' };
  const event = (at: string, body: object) =>
    ({ schema: 'dayboard.event/1', run: '7', at: `2026-11-22T07:38:${at}Z`, ...body }) as RunEvent;

  async function begun() {
    const plan = await new FakeWorkspace().plan({
      command: 'sync',
      cells: [{ dataset: 'events', periods: ['2026-11-13'] }],
      reprocess: ['failed'],
      names: [],
      concurrency: 1,
      force: [],
    });
    return runFromPlan('7', plan, '2026-11-22T07:38:00Z');
  }

  it('follows its events', async () => {
    let run = await begun();
    run = fold(run, event('01', { type: 'step.started', step, etaSeconds: 10 }));
    expect(stepCounts(run)).toMatchObject({ running: 1 });
    run = fold(
      run,
      event('05', { type: 'step.failed', step, seconds: 4, error: { code: 'x', message: 'no', facts: {} } }),
    );
    expect(run.steps[1]).toMatchObject({ state: 'failed', seconds: 4 });
    run = fold(run, event('06', { type: 'run.cancelling', mode: 'now', by: 'ann' }));
    expect(run.cancelling).toBe('now');
    expect(run.notes.map((note) => note.message)).toEqual(['no', 'ann asked to cancel now']);
  });

  it('leaves other runs alone', async () => {
    const run = await begun();
    expect(fold(run, { ...event('01', { type: 'step.started', step }), run: '8' })).toBe(run);
  });

  it('tells rate, share and time left from its own measurements', async () => {
    let run = await begun();
    run = fold(run, event('00', { type: 'step.started', step }));
    run = fold(run, event('01', { type: 'step.progress', step, rows: 100, bytes: 1000, totalBytes: 4000 }));
    run = fold(run, event('02', { type: 'step.progress', step, rows: 300, bytes: 2000, totalBytes: 4000 }));
    const load = run.steps[1]!;
    expect(rateOf(load)).toEqual({ rows: 200, bytes: 1000 });
    expect(shareOf(load, '2026-11-22T07:38:02Z')).toEqual({ share: 0.5, estimated: false });
    expect(secondsLeft(load, '2026-11-22T07:38:02Z')).toEqual({ seconds: 2, estimated: false });
  });

  it('says that it estimates when only past runs are known, and never claims to be finished', async () => {
    let run = await begun();
    run = fold(run, event('00', { type: 'step.started', step, etaSeconds: 10 }));
    const load = run.steps[1]!;
    expect(shareOf(load, '2026-11-22T07:38:05Z')).toEqual({ share: 0.5, estimated: true });
    expect(shareOf(load, '2026-11-22T07:39:00Z')?.share).toBeLessThan(1);
    expect(secondsLeft(load, '2026-11-22T07:39:00Z')).toEqual({ seconds: 0, estimated: true });
  });
});

describe('numbers for people', () => {
  it('writes durations', () => {
    expect([0, 0.44, 9.96, 41, 725, 3753].map(duration)).toEqual([
      '0.0s',
      '0.4s',
      '10.0s',
      '0:41',
      '12:05',
      '1:02:33',
    ]);
  });

  it('writes ages', () => {
    expect([4, 300, 79_200, 165_600, 1_036_800].map(age)).toEqual(['4s', '5m', '22h', '1d22h', '12d']);
  });

  it('writes bytes and counts', () => {
    expect([212, 2_040_109_466, 633_339_904].map(bytes)).toEqual(['212 B', '1.9 GiB', '604 MiB']);
    expect([0, 999, 8_412_077].map(count)).toEqual(['0', '999', '8,412,077']);
    expect([812, 41_000, 8_412_077].map(shortCount)).toEqual(['812', '41k', '8.4M']);
  });

  it('draws charts', () => {
    expect(sparkline([1, 2, 3], ['a', 'b', 'c'])).toBe('abc');
    expect(sparkline([], ['a'])).toBe('');
    expect(sparkline([5, 5], ['a', 'b', 'c'])).toBe('cc');
  });

  it('tells times in the zone of the project', () => {
    const clock = createClock('Europe/Paris');
    expect(clock.time('2026-11-22T06:38:00Z')).toBe('07:38');
    expect(clock.moment('2026-11-21T23:30:00Z', '2026-11-22T06:38:00Z')).toBe('00:30');
    expect(clock.moment('2026-11-21T06:30:00Z', '2026-11-22T06:38:00Z')).toBe('11-21 07:30');
    expect(createClock('UTC').zone('2026-11-22T06:38:00Z')).toBe('UTC');
  });
});

describe('a typed date', () => {
  const today = Temporal.PlainDate.from('2026-11-22');

  it.each([
    ['2026-11-13', '2026-11-13'],
    ['11-13', '2026-11-13'],
    ['12-24', '2025-12-24'],
    ['-3', '2026-11-19'],
    ['mon', '2026-11-16'],
    ['sun', '2026-11-22'],
    ['Monday', '2026-11-16'],
    ['today', '2026-11-22'],
    ['yesterday', '2026-11-21'],
    ['2026-02-30', undefined],
    ['2026-12-01', undefined],
    ['soon', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(parseDay(text, today)?.toString()).toBe(expected);
  });
});

describe('the terminal', () => {
  const facts = { env: {}, colorDepth: 24, ascii: false, noColor: false };

  it('has colours unless something says otherwise', () => {
    expect(themeOptions(facts)).toEqual({ ascii: false, color: '256', background: 'dark' });
    expect(themeOptions({ ...facts, env: { NO_COLOR: '1' } }).color).toBe('none');
    expect(themeOptions({ ...facts, env: { NO_COLOR: '' } }).color).toBe('256');
    expect(themeOptions({ ...facts, noColor: true }).color).toBe('none');
    expect(themeOptions({ ...facts, colorDepth: 4 }).color).toBe('16');
    expect(themeOptions({ ...facts, colorDepth: 1 }).color).toBe('none');
    // As Node counts the colours of screen and of what it names after the terminal around it.
    for (const TERM of ['screen-256color', 'screen.xterm-256color', 'tmux-256color'])
      expect(themeOptions({ ...facts, colorDepth: 4, env: { TERM } }).color).toBe('256');
    expect(themeOptions({ ...facts, colorDepth: 4, env: { TERM: 'screen' } }).color).toBe('16');
  });

  it('has glyphs where it can show them', () => {
    expect(themeOptions({ ...facts, env: { TERM: 'linux' } }).ascii).toBe(true);
    expect(themeOptions({ ...facts, env: { LANG: 'fr_FR.ISO-8859-1' } }).ascii).toBe(true);
    expect(themeOptions({ ...facts, env: { LANG: 'fr_FR.UTF-8' } }).ascii).toBe(false);
    expect(themeOptions({ ...facts, env: { LC_ALL: 'C' } }).ascii).toBe(false);
  });

  it('may be light', () => {
    expect(themeOptions({ ...facts, env: { COLORFGBG: '0;15' } }).background).toBe('light');
    expect(themeOptions({ ...facts, env: { COLORFGBG: '15;0' } }).background).toBe('dark');
  });
});
