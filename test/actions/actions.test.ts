import { describe, expect, it } from 'vitest';
import { ACTION_IDS, type ActionState, PLACES } from '../../src/actions/action.ts';
import { ACTIONS, actionFor, boundActions, footerActions, helpActions } from '../../src/actions/list.ts';
import { importRequest, requestOf, retryRequest } from '../../src/actions/requests.ts';
import { commandNames } from '../../src/cli/run-cli.ts';
import { keyTable } from '../../src/actions/table.ts';

function state(change: Partial<ActionState> = {}): ActionState {
  return {
    place: 'board',
    context: { name: 'demo', readOnly: false },
    cells: [{ dataset: 'events', period: '2026-11-13', state: 'failed', published: true }],
    failed: [{ dataset: 'events', period: '2026-11-13', state: 'failed', published: true }],
    behind: ['agg_30d'],
    run: { id: '12', state: 'running' },
    logged: '12',
    script: { name: 'visits_of_day' },
    scriptPlan: { confirmed: true, starting: false },
    comparison: {
      command: 'diff',
      cells: [{ dataset: 'events', periods: ['2026-11-13'] }],
      reprocess: ['all'],
      names: [],
      concurrency: 4,
      force: [],
      showIds: true,
    },
    plan: {
      cli: 'dayboard sync 2026-11-13 events',
      command: 'sync',
      steps: 3,
      confirmed: true,
      starting: false,
    },
    ...change,
  };
}

describe('keys', () => {
  it('are bound once in one place', () => {
    for (const place of PLACES) {
      const keys = boundActions(place, { readOnly: false }).flatMap((action) => action.keys);
      expect(keys).toHaveLength(new Set(keys).size);
    }
  });

  it('of two strokes begin with a key that does nothing by itself', () => {
    for (const place of PLACES) {
      const keys = boundActions(place, { readOnly: false }).flatMap((action) => action.keys);
      for (const key of keys.filter((each) => each.includes(' ')))
        expect(keys).not.toContain(key.split(' ')[0]);
    }
  });

  it('reach every action somewhere', () => {
    expect(new Set(ACTIONS.map((action) => action.id))).toEqual(new Set(ACTION_IDS));
    for (const action of ACTIONS) expect(action.places.length).toBeGreaterThan(0);
  });

  it('never delete with ctrl-d, which people press to scroll', () => {
    for (const place of PLACES)
      expect(actionFor(place, 'ctrl-d', { readOnly: false })?.danger ?? 'read').toBe('read');
  });

  it('leave letters free where something is typed', () => {
    for (const place of ['plan', 'parameters', 'script', 'date', 'filter', 'palette', 'help'] as const) {
      const keys = boundActions(place, { readOnly: false }).flatMap((action) => action.keys);
      expect(keys.filter((key) => /^[a-zA-Z0-9]$/u.test(key))).toEqual([]);
    }
  });
});

describe('writes', () => {
  const writes = ACTIONS.filter((action) => action.danger === 'write');

  it('have a command line that does the same', () => {
    for (const action of writes)
      expect(action.cli(state())).toMatch(/^dayboard (sync|diff|undo|import|refresh|cancel|script) /u);
  });

  it('are not bound in a read-only context, and help says why', () => {
    const readOnly = state({ context: { name: 'audit', readOnly: true } });
    for (const action of writes) {
      for (const place of action.places)
        for (const key of action.keys) expect(actionFor(place, key, readOnly.context)).not.toBe(action);
    }
    const off = helpActions(readOnly).find(({ action }) => action.id === 'import')?.off;
    expect(off).toBe('context audit is read-only');
  });

  it('are off while the connection is lost', () => {
    const lost = state({ lost: 'server closed the connection' });
    for (const action of writes.filter((each) => !each.id.startsWith('cancel'))) {
      expect(action.disabledReason(lost)).toContain('connection is lost');
    }
  });
});

describe('command lines', () => {
  it('are what every action has that is about more than its screen', () => {
    const without = ACTIONS.filter((action) => action.screenOnly !== true).filter(
      (action) => !/^dayboard [a-z]+/u.test(action.cli(state()) ?? ''),
    );
    expect(without.map(({ id }) => id)).toEqual([]);
    const moves = ACTIONS.filter((action) => action.group === 'do' && action.screenOnly === true);
    expect(moves).toEqual([]);
  });

  it('are of commands that there are', async () => {
    const commands = new Set(commandNames());
    for (const action of ACTIONS) {
      const line = action.cli(state());
      for (const each of line?.split(' && ') ?? []) expect([...commands]).toContain(each.split(' ')[1]);
    }
  });
});

describe('what is off says why', () => {
  const reason = (id: string, change: Partial<ActionState>) =>
    ACTIONS.find((action) => action.id === id)?.disabledReason(state(change));

  it.each([
    ['import', { derived: 'agg_30d' }, 'the cursor is on a view'],
    ['import', { cells: [] }, 'nothing under the cursor'],
    ['retry', { failed: [] }, 'nothing failed'],
    ['retry', { place: 'run' as const }, 'still going'],
    [
      'undo',
      { cells: [{ dataset: 'a', period: '2026-11-13', state: 'missing' as const, published: false }] },
      'nothing of it is published',
    ],
    [
      'plan.loadedToo',
      { plan: { cli: '', command: 'undo' as const, steps: 1, confirmed: true, starting: false } },
      'only what is imported',
    ],
    ['refresh', { behind: [] }, 'no rollup, view or aggregate'],
    ['cancel.step', { run: undefined }, 'nothing is running'],
    [
      'cancel.step',
      { run: { id: '1', state: 'running' as const, cancelling: 'step' as const } },
      'X cancels now',
    ],
    ['cancel.now', { run: { id: '1', state: 'done' as const } }, 'nothing is running'],
    [
      'plan.run',
      { plan: { cli: '', command: 'sync' as const, steps: 0, confirmed: true, starting: false } },
      'nothing to do',
    ],
    [
      'plan.run',
      { plan: { cli: '', command: 'sync' as const, steps: 1, confirmed: false, starting: false } },
      'type what is asked',
    ],
  ])('%s', (id, change, text) => {
    expect(reason(id, change)).toContain(text);
  });

  it('is none for a second cancel now: what is in flight is told again', () => {
    expect(reason('cancel.now', { run: { id: '1', state: 'running', cancelling: 'now' } })).toBeUndefined();
  });

  it('is not offered in the footer', () => {
    const ids = footerActions(state({ run: undefined, failed: [] })).map((action) => action.id);
    expect(ids).toContain('import');
    expect(ids).not.toContain('retry');
    expect(ids).not.toContain('cancel.step');
  });
});

describe('requests', () => {
  const cell = (dataset: string, period: string, how: 'failed' | 'loaded' | 'available') => ({
    dataset,
    period,
    state: how,
    published: how === 'loaded',
  });

  it('group periods by dataset and leave loaded cells alone', () => {
    expect(
      importRequest([
        cell('a', '2026-11-02', 'failed'),
        cell('b', '2026-11-01', 'loaded'),
        cell('a', '2026-11-01', 'available'),
      ]),
    ).toMatchObject({
      command: 'sync',
      cells: [
        { dataset: 'a', periods: ['2026-11-01', '2026-11-02'] },
        { dataset: 'b', periods: ['2026-11-01'] },
      ],
      reprocess: ['missing', 'failed', 'stale'],
    });
  });

  it('load loaded cells again when there are no others', () => {
    expect(importRequest([cell('a', '2026-11-01', 'loaded')])?.reprocess).toEqual(['all']);
  });

  it('load what was taken back again when nothing else is selected', () => {
    const takenBack = { ...cell('a', '2026-11-01', 'available'), takenBack: true as const };
    expect(importRequest([takenBack, cell('a', '2026-11-02', 'loaded')])?.reprocess).toEqual(['all']);
    expect(importRequest([takenBack, cell('a', '2026-11-02', 'available')])?.reprocess).not.toContain('all');
  });

  it('ask for nothing when nothing is selected', () => {
    expect(importRequest([])).toBeUndefined();
    expect(retryRequest([])).toBeUndefined();
  });

  it('take back what is published, and nothing else', () => {
    const cells = [cell('a', '2026-11-01', 'loaded'), cell('a', '2026-11-02', 'available')];
    expect(requestOf('undo', state({ cells }))).toMatchObject({
      command: 'undo',
      cells: [{ dataset: 'a', periods: ['2026-11-01'] }],
    });
    expect(requestOf('undo', state({ cells: cells.slice(1) }))).toBeUndefined();
  });

  it('refresh the view under the cursor, else all that are behind', () => {
    expect(requestOf('refresh', state({ derived: 'agg_30d' }))).toMatchObject({ names: ['agg_30d'] });
    expect(requestOf('refresh', state())).toMatchObject({ names: [], owed: true, stale: true });
  });
});

it('the table of keys has every key of every screen', () => {
  const table = keyTable();
  for (const action of ACTIONS.filter((each) => each.group !== 'answer'))
    expect(table).toContain(action.help);
});

describe('periods of aggregates', () => {
  const week = (period: string) => ({
    dataset: 'by_week',
    period,
    state: 'owed' as const,
    published: false,
    computed: true as const,
  });

  it('are computed with m, and cannot be imported', () => {
    const selected = state({ cells: [week('2026-W45'), week('2026-W46')], behind: [] });
    const action = (id: string) => ACTIONS.find((each) => each.id === id);
    expect(action('refresh')?.cli(selected)).toBe('dayboard refresh by_week 2026-W45..2026-W46');
    expect(action('refresh')?.disabledReason(selected)).toBeUndefined();
    expect(action('import')?.disabledReason(selected)).toMatch('m computes it');
    expect(action('undo')?.disabledReason(selected)).toMatch('m computes it');
  });

  it('among deliveries are left out of what loads those', () => {
    const delivery = state().cells[0];
    if (delivery === undefined) throw new RangeError('there is a cell');
    expect(importRequest([delivery, week('2026-W45')])?.cells).toEqual([
      { dataset: 'events', periods: ['2026-11-13'] },
    ]);
  });

  it('that failed are computed again by retry', () => {
    expect(retryRequest([{ ...week('2026-W45'), state: 'failed' }])?.aggregates).toEqual([
      { name: 'by_week', periods: ['2026-W45'] },
    ]);
  });
});
