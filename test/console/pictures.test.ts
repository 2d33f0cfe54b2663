import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boardModel } from '../../src/console/board-model.ts';
import { createClock } from '../../src/console/clock.ts';
import { draw, type Frame } from '../../src/console/draw.ts';
import type { Size } from '../../src/console/layout.ts';
import { moveTo, settle } from '../../src/console/board-cursor.ts';
import { detailsOf } from '../../src/console/details.ts';
import { fold, runFromLedger, runFromPlan } from '../../src/console/run-model.ts';
import { actionState } from '../../src/console/selection.ts';
import { actionFor } from '../../src/actions/list.ts';
import type { RunSummary, StepStatus } from '../../src/plan/board.ts';
import { type ConsoleState, initialState } from '../../src/console/state.ts';
import { createTheme, type ThemeOptions } from '../../src/console/theme.ts';
import { displayWidth } from '../../src/console/width.ts';
import { FAKE_NOW, type FakeOptions, FakeWorkspace } from '../support/fake-workspace.ts';

const PLAIN: ThemeOptions = { ascii: true, color: 'none', background: 'dark' };
const clock = createClock('UTC');
// oxlint-disable-next-line no-control-regex
const SGR = /\u001b\[[\d;]*m/gu;

async function boardState(size: Size, options: Partial<FakeOptions> = {}): Promise<ConsoleState> {
  const workspace = new FakeWorkspace({ days: 60, ...options });
  const { project, context } = workspace;
  const model = boardModel(await workspace.board({ columns: 60 }), FAKE_NOW, 'UTC');
  return settle(
    { ...initialState({ project, context, size, now: FAKE_NOW, columns: 60, tips: [] }), board: model },
    model,
  );
}

function text(lines: readonly string[]): string {
  return lines.map((line) => line.replaceAll(SGR, '').trimEnd()).join('\n');
}

describe('pictures', () => {
  it('the board at 80x24', async () => {
    const state = await boardState({ columns: 80, rows: 24 });
    expect(`\n${text(draw(state, createTheme(PLAIN), clock).lines)}\n`).toBe(`
 dayboard > board             PREPROD   stats@db.internal:5432/stats  07:38 UTC
 x 2 failed  ! 1  ~ 1  + 1  _ 1  o 2  @ 1  | views: 3 behind      listed 0s ago
 TABLES 7        < 34 more OCT     NOV 2026
                                      2             9      13    16          22
 user_daily_visits          . . . . . . . . . . . . . . . . . . . . . ~ . . .
>subscriptions              . . . . . . . . . . . . . . . . x . . . . . . . .
 events                     . . . . . . . . . . . . . . . . x . . . . . . . o
 account_data               . . . . . . . . . . . . . . . . o . . . . . . . @
 sso                        . . . . . + . . . . . . . . . . _ . . . . . . . .
 crisp                      . . . . . . . . . ! . . . . . . . . . . . . . . .
 pushers                    - - - - - - - - - - - - - - - - - - - - - - - - - -
 VIEWS 4 ----------------- through        age  limits     refreshed      took
 x visits_by_day_30d       2026-11-19    2d7h  26h 36h    11-20 01:40    0:43
 x visits_by_month_120d    2026-11-19    2d7h  26h 36h    11-20 01:40    1:34
 . subscriptions_by_week   2026-11-21      7h  26h 36h    01:40          2:25
 ! user_monthl..isits_lite 2026-11-20    1d7h  26h 36h    11-21 01:40    3:05
 2026-11-13 fri  subscriptions --------------------------------------- x failed
 Column "hour" of line 2,114 is no timestamp: "2026-11-13T25:00". Nothing was
 published.
 nothing published | object 690 KiB, 11-14 00:41 | run 1841
 Nothing was published. Have the file delivered again, then retry. R retries
 it, Enter opens its run.
 x failed  ! suspicious  ~ stale  + owed  _ missing  o available  @ fetched
 i import  R retry failed  p plan  m refresh  Enter last run  ? help  q quit
`);
  });

  it('a run, half way', async () => {
    const state = await boardState({ columns: 80, rows: 16 });
    const plan = await new FakeWorkspace({ days: 60 }).plan({
      command: 'sync',
      cells: [{ dataset: 'events', periods: ['2026-11-13'] }],
      reprocess: ['failed'],
      names: [],
      concurrency: 1,
      force: [],
    });
    const event = (at: string, body: object) =>
      ({ schema: 'dayboard.event/1', run: '12', at: `2026-11-22T07:38:${at}Z`, ...body }) as Parameters<
        typeof fold
      >[1];
    const names = plan.steps.map(({ seq, kind, target, period }) => ({ seq, kind, target, period }));
    const events = [
      event('00', {
        type: 'run.started',
        command: 'sync',
        cli: plan.cli,
        by: 'ann',
        host: 'bastion',
        steps: names,
      }),
      event('00', { type: 'step.started', step: names[0], etaSeconds: 5 }),
      event('04', { type: 'step.done', step: names[0], seconds: 4, bytes: 5_528_740 }),
      event('04', { type: 'step.started', step: names[1] }),
      event('06', {
        type: 'step.progress',
        step: names[1],
        bytes: 1_000_000,
        totalBytes: 5_528_740,
        rows: 6000,
      }),
      event('08', {
        type: 'step.progress',
        step: names[1],
        bytes: 2_764_370,
        totalBytes: 5_528_740,
        rows: 16_000,
        phase: 'copy',
      }),
      event('08', { type: 'step.note', step: names[1], message: 'two columns were empty' }),
    ];
    const run = events.reduce(fold, runFromPlan('12', plan, FAKE_NOW));
    const shown: ConsoleState = {
      ...state,
      now: '2026-11-22T07:38:08Z',
      screen: 'run',
      models: new Map([['12', run]]),
      here: ['12'],
      runView: { id: '12', row: 0, first: 0, following: true },
    };
    expect(`\n${text(draw(shown, createTheme(PLAIN), clock).lines)}\n`).toBe(`
 dayboard > runs > 12 sync    PREPROD   stats@db.internal:5432/stats  07:38 UTC
 x 2 failed  ! 1  ~ 1  + 1  _ 1  o 2  @ 1  | views: 3 behind        run 12: 1/3
 > running  since 07:38  by ann@bastion  dayboard sync 2026-11-13 events --re..
 STEP                                  TOOK  PROGRESS
 . fetch   events 11-13                4.0s  5.3 MiB
>> load    events 11-13                4.0s  ####....  50%  4.0s left  862 KiB/s
   publish events 11-13
 1/3 steps  8.0s of about 0:22  done about 07:38 est.
 LOG ---------------------------------------------------------------------------
 07:38:04 fetch events 11-13             done in 4.0s, 5.3 MiB
 07:38:08 load events 11-13              two columns were empty



--------------------------------------------------------------------------------
 x stop after step  X cancel now  b leave it running  Esc back  ? help  q quit
`);
  });
});

describe('a run from the ledger', () => {
  async function shown(
    change: Partial<RunSummary>,
    steps: Array<Partial<StepStatus>>,
  ): Promise<ConsoleState> {
    const workspace = new FakeWorkspace({ days: 60 });
    const detail = await workspace.run('1890');
    const { finishedAt: _, ...run } = detail.run;
    const step: StepStatus = {
      seq: 1,
      kind: 'load',
      target: 'events',
      state: 'done',
      startedAt: run.startedAt,
      progress: {},
      detail: {},
    };
    const model = runFromLedger({
      ...detail,
      run: { ...run, ...change },
      steps: steps.map((each, index) => ({ ...step, seq: index + 1, ...each })),
    });
    return {
      ...(await boardState({ columns: 80, rows: 24 })),
      screen: 'run',
      models: new Map([['1890', model]]),
      runView: { id: '1890', row: 0, first: 0, following: true },
    };
  }
  const drawn = (state: ConsoleState) => text(draw(state, createTheme(PLAIN), clock).lines);

  it('does not tick when its process is gone, and offers to retry what it left', async () => {
    const error = { code: 'run.interrupted', message: 'The process of the run is gone.', facts: {} };
    const state = await shown({ state: 'interrupted' }, [
      { period: '2026-11-13', state: 'failed', error },
      { period: '2026-11-14', state: 'cancelled' },
    ]);
    const later = { ...state, now: '2026-11-22T07:38:57Z' };
    const ofRun = (each: ConsoleState) => drawn(each).split('\n').slice(2);
    expect(ofRun(later)).toEqual(ofRun(state));
    expect(drawn(state)).toContain('its process is gone; R retries what is left');
    const action = actionFor('run', 'R', state.context);
    expect(action?.disabledReason(actionState(state))).toBeUndefined();
    expect(action?.cli(actionState(state))).toContain('dayboard sync 2026-11-13..2026-11-14 events');
  });

  it('shows the verdict of a check, not its rows', async () => {
    const check = { kind: 'check', target: 'days_complete', progress: { rows: 0 } };
    const state = await shown({ state: 'done' }, [
      { ...check, detail: { verdict: 'pass', findings: 0 } },
      { ...check, detail: { verdict: 'warn', findings: 1 } },
    ]);
    expect(drawn(state)).toMatch(/check +days_complete +pass$/mu);
    expect(drawn(state)).toMatch(/check +days_complete +warn, 1 finding$/mu);
    expect(drawn(state)).not.toContain('rows');
    expect(detailsOf(state)?.lines[0]).toBe('The check says: warn, 1 finding.');
  });

  it('counts one row as one row', async () => {
    const state = await shown({ state: 'done' }, [{ progress: { rows: 1 } }]);
    expect(drawn(state)).toMatch(/ 1 row$/mu);
  });

  it('leaves room between the headings of its many steps', async () => {
    const state = await shown({ state: 'done' }, Array<Partial<StepStatus>>(1335).fill({}));
    const heads = Array.from({ length: 60 }, (_, index) => {
      const size = { columns: 60 + index, rows: 24 };
      return drawn({ ...state, size }).split('\n')[3] ?? '';
    });
    expect(heads.filter((head) => !/PROGRESS( {2,}(steps )?\d+-\d+ of 1335)?$/u.test(head))).toEqual([]);
    expect(heads[20]).toMatch(/PROGRESS {2,}steps 13\d\d-1335 of 1335$/u);
  });
});

describe('every frame', () => {
  const sizes = fc.record({
    columns: fc.integer({ min: 20, max: 230 }),
    rows: fc.integer({ min: 3, max: 70 }),
  });
  const themes = fc.record({
    ascii: fc.boolean(),
    color: fc.constantFrom('none' as const, '16' as const, '256' as const),
    background: fc.constantFrom('dark' as const, 'light' as const),
  });

  /** What is wrong with a frame on a terminal: the wrong number of rows, or one that is too wide or has no height. */
  function faults({ lines, overlay }: Frame, size: Size): string[] {
    const width = (line: string) => displayWidth(line.replaceAll(SGR, ''));
    const found = lines.filter((line) => line === '' || width(line) > size.columns);
    if (lines.length !== size.rows) found.push(`${lines.length} rows`);
    if (overlay === undefined) return found;
    if (overlay.top + overlay.lines.length > size.rows) found.push('the dialog is too high');
    return [...found, ...overlay.lines.filter((line) => overlay.left + width(line) > size.columns)];
  }

  it('of the board has as many rows as the terminal, none wider', async () => {
    const states = await Promise.all(
      [3, 7, 60].map((tables) => boardState({ columns: 80, rows: 24 }, { tables })),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...states),
        sizes,
        themes,
        fc.nat(70),
        fc.nat(60),
        fc.constantFrom(undefined, 1 as const, 2 as const, 3 as const),
        (state, size, theme, row, column, dayWidth) => {
          const placed = moveTo({ ...state, size, view: { ...state.view, dayWidth } }, { row, column });
          expect(faults(draw(placed, createTheme(theme), clock), size)).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('of every screen and dialog fits', async () => {
    const workspace = new FakeWorkspace({ days: 60 });
    const base = await boardState({ columns: 80, rows: 24 });
    const cells = base.project.datasets.map(({ name }) => ({
      dataset: name,
      periods: ['2026-11-12', '2026-11-13'],
    }));
    const plan = await workspace.plan({
      command: 'sync',
      cells,
      reprocess: ['all'],
      names: [],
      concurrency: 4,
      force: [],
    });
    const run = runFromPlan('12', plan, FAKE_NOW);
    const shown: ConsoleState = {
      ...base,
      runs: await workspace.runs(40),
      freshness: await workspace.freshness(),
      models: new Map([['12', run]]),
      runView: { id: '12', row: 0, first: 0, following: true },
    };
    const dialogs: Array<ConsoleState['dialog']> = [
      undefined,
      { kind: 'planning', request: plan.request, only: false },
      {
        kind: 'plan',
        plan,
        only: false,
        first: 0,
        typed: 'prod',
        starting: false,
        note: 'It changed.',
        error: { code: 'x', message: 'held', facts: {} },
      },
      { kind: 'confirm', mode: 'now', run: '12' },
      { kind: 'leave' },
      { kind: 'date', typed: '11-13' },
      { kind: 'details', title: 'a step', lines: ['why', '', 'x'.repeat(300)], first: 0 },
      { kind: 'help', row: 7, first: 0, typed: '' },
      { kind: 'help', row: 0, first: 0, typed: 'nothing like it' },
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...dialogs),
        fc.constantFrom('board' as const, 'run' as const, 'runs' as const, 'freshness' as const),
        sizes,
        themes,
        (dialog, screen, size, theme) => {
          expect(faults(draw({ ...shown, screen, dialog, size }, createTheme(theme), clock), size)).toEqual(
            [],
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('before anything was read fits', () => {
    const { project, context } = new FakeWorkspace({ days: 1 });
    fc.assert(
      fc.property(sizes, fc.boolean(), (size, failed) => {
        const state = initialState({ project, context, size, now: FAKE_NOW, columns: 10, tips: [] });
        const boardError = failed ? { code: 'x', message: 'm'.repeat(400), facts: {} } : undefined;
        expect(faults(draw({ ...state, boardError }, createTheme(PLAIN), clock), size)).toEqual([]);
      }),
    );
  });
});
