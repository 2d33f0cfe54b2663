import { describe, expect, it } from 'vitest';
import { DEFAULT_REPROCESS } from '../../src/plan/command-line.ts';
import { deliveryKey, type DeliveryFacts } from '../../src/plan/facts.ts';
import { durationKey, makePlan, type PlanInput } from '../../src/plan/make.ts';
import type { PlanRequest } from '../../src/plan/plan.ts';
import type { Reprocess } from '../../src/project/model.ts';
import { isForPoll, isForStart } from '../../src/run/catch-up.ts';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';

const NOW = '2024-11-15T07:40:00Z';

function object(period: string, etag = 'one') {
  return {
    key: `visits_${period}.csv`,
    size: 10,
    etag,
    modified: '2024-11-15T00:41:00.000Z',
    firstSeen: '2024-11-15T00:50:00.000Z',
  };
}

function loaded(period: string): DeliveryFacts {
  const { key, etag } = object(period);
  return {
    dataset: 'visits',
    period,
    object: object(period),
    version: {
      version: 1,
      key,
      etag,
      rows: 5,
      rulesHash: 'rules',
      findings: [],
      publishedAt: '2024-11-15T01:00:00.000Z',
    },
  };
}

function request(changes: Partial<PlanRequest> = {}): PlanRequest {
  return {
    command: 'sync',
    cells: [{ dataset: 'visits', periods: ['2024-11-13', '2024-11-14'] }],
    reprocess: [...DEFAULT_REPROCESS],
    names: [],
    concurrency: 2,
    force: [],
    ...changes,
  };
}

function input(changes: Partial<PlanInput> = {}): PlanInput {
  const deliveries = [
    loaded('2024-11-13'),
    { dataset: 'visits', period: '2024-11-14', object: object('2024-11-14') },
  ];
  return {
    project: aProject({
      rollups: [
        aRollup({ name: 'per_month', over: 'per_day' }),
        aRollup({ name: 'per_day', over: 'visits' }),
      ],
      checks: [
        {
          name: 'totals',
          description: '',
          of: ['per_day'],
          sql: 'SELECT 1',
          severity: 'error',
          timeoutSeconds: 10,
        },
        {
          name: 'elsewhere',
          description: '',
          of: ['nothing'],
          sql: 'SELECT 1',
          severity: 'error',
          timeoutSeconds: 10,
        },
      ],
    }),
    context: 'demo',
    invocation: 'dayboard',
    request: request(),
    now: NOW,
    deliveries: new Map(deliveries.map((facts) => [deliveryKey(facts.dataset, facts.period), facts])),
    rulesHashes: new Map([['visits', 'rules']]),
    owed: new Map(),
    stale: [],
    durations: new Map(),
    held: [],
    ...changes,
  };
}

describe('a plan', () => {
  it('imports what is not up to date and says why the rest is skipped', () => {
    const plan = makePlan(input());
    expect(plan.cells.map((cell) => [cell.period, cell.action, cell.reason])).toEqual([
      ['2024-11-13', 'skip', 'Already loaded: version 1 of the same object.'],
      ['2024-11-14', 'import', 'At the source, not loaded yet.'],
    ]);
  });

  it('computes each derived thing once, at the end, after what it reads, and only the checks of what changes', () => {
    const plan = makePlan(input({ request: request({ reprocess: ['all'] }) }));
    expect(plan.steps.map((step) => `${step.kind} ${step.target} ${step.period ?? ''}`.trim())).toEqual([
      'fetch visits 2024-11-13',
      'load visits 2024-11-13',
      'publish visits 2024-11-13',
      'fetch visits 2024-11-14',
      'load visits 2024-11-14',
      'publish visits 2024-11-14',
      'rollup per_day',
      'rollup per_month',
      'check totals',
    ]);
    expect(plan.steps[6]?.after).toEqual([3, 6]);
    expect(plan.steps[7]?.needs).toEqual([7]);
  });

  it('computes what still follows from a publish or an undo before, with nothing to load', () => {
    const stepsOf = (facts: DeliveryFacts, owed: string[]) =>
      makePlan(
        input({
          request: request({ cells: [{ dataset: 'visits', periods: [facts.period] }] }),
          deliveries: new Map([[deliveryKey('visits', facts.period), facts]]),
          owed: new Map(owed.map((name) => [name, 'published since'])),
        }),
      ).steps.map(({ kind, target }) => `${kind} ${target}`);
    const published = loaded('2024-11-13');
    const key = 'visits_2024-11-14.csv';
    const undone = { version: 1, key, etag: 'one', at: NOW, by: 'ann on db-1' };
    const takenBack = { dataset: 'visits', period: '2024-11-14', object: object('2024-11-14'), undone };
    for (const facts of [published, takenBack]) {
      expect(stepsOf(facts, [])).toEqual([]);
      expect(stepsOf(facts, ['per_month'])).toEqual(['rollup per_month']);
      expect(stepsOf(facts, ['per_day'])).toEqual(['rollup per_day', 'rollup per_month', 'check totals']);
      expect(stepsOf(facts, ['of another dataset'])).toEqual([]);
    }
  });

  it('leaves derived tables alone for import, and loading for fetch', () => {
    expect(
      makePlan(input({ request: request({ command: 'import' }) })).steps.map((step) => step.kind),
    ).toEqual(['fetch', 'load', 'publish']);
    expect(
      makePlan(input({ request: request({ command: 'fetch' }) })).steps.map((step) => step.kind),
    ).toEqual(['fetch']);
  });

  it('loads what was taken back again only when all is asked for, by a schedule never', () => {
    const undone = { version: 1, key: 'visits_2024-11-14.csv', etag: 'one', at: NOW, by: 'ann on db-1' };
    const facts = { dataset: 'visits', period: '2024-11-14', object: object('2024-11-14'), undone };
    const deliveries = new Map([[deliveryKey('visits', '2024-11-14'), facts]]);
    const cells = [{ dataset: 'visits', periods: ['2024-11-14'] }];
    const planOf = (reprocess: Reprocess[], changed = facts) =>
      makePlan(
        input({
          request: request({ cells, reprocess }),
          deliveries: new Map(deliveries).set(deliveryKey('visits', '2024-11-14'), changed),
        }),
      );
    const [left] = planOf(['missing', 'failed', 'stale']).cells;
    expect(left).toMatchObject({
      state: 'available',
      action: 'skip',
      reason: expect.stringContaining('only when asked for (--reprocess all)'),
    });
    expect([isForPoll(left!), isForStart(left!)]).toEqual([false, false]);
    expect(planOf(['all']).cells[0]).toMatchObject({ action: 'import' });
    const replaced = { ...facts, object: object('2024-11-14', 'two') };
    expect(planOf(['missing'], replaced).cells[0]).toMatchObject({ action: 'import' });
  });

  it('takes in only the states that --reprocess names', () => {
    const failed: DeliveryFacts = {
      ...loaded('2024-11-13'),
      attempt: { run: '3', kind: 'load', state: 'failed', at: '2024-11-15T02:00:00.000Z', etag: 'one' },
    };
    const deliveries = new Map([
      [deliveryKey('visits', '2024-11-13'), failed],
      [
        deliveryKey('visits', '2024-11-14'),
        { dataset: 'visits', period: '2024-11-14', object: object('2024-11-14') },
      ],
    ]);
    const actions = (word: PlanRequest['reprocess']) =>
      makePlan(input({ deliveries, request: request({ reprocess: word }) })).cells.map((cell) => cell.action);
    expect(actions(['failed'])).toEqual(['import', 'skip']);
    expect(actions(['missing'])).toEqual(['skip', 'import']);
    expect(actions(['stale'])).toEqual(['skip', 'skip']);
    expect(actions(['all'])).toEqual(['import', 'import']);
  });

  it('leaves what another run is at to that run', () => {
    const running: DeliveryFacts = {
      dataset: 'visits',
      period: '2024-11-14',
      attempt: { run: '3', kind: 'load', state: 'running', at: NOW },
    };
    const plan = makePlan(
      input({
        deliveries: new Map([[deliveryKey('visits', '2024-11-14'), running]]),
        request: request({ reprocess: ['all'], cells: [{ dataset: 'visits', periods: ['2024-11-14'] }] }),
      }),
    );
    expect(plan.cells[0]).toMatchObject({ action: 'skip', state: 'running' });
  });

  it('never lets an older snapshot come after a newer one', () => {
    const snapshot = aDataset({ carries: { kind: 'snapshot', mode: 'replace' } });
    const deliveries = new Map([
      [deliveryKey('visits', '2024-11-14'), loaded('2024-11-14')],
      [
        deliveryKey('visits', '2024-11-13'),
        { dataset: 'visits', period: '2024-11-13', object: object('2024-11-13') },
      ],
    ]);
    const plan = makePlan(input({ project: aProject({ datasets: [snapshot] }), deliveries }));
    expect(plan.cells.map((cell) => cell.action)).toEqual(['skip', 'skip']);
    expect(plan.cells[0]?.reason).toBe('The newer snapshot of 2024-11-14 is already published.');
  });

  it('does what is owed and nothing else for refresh --owed', () => {
    const plan = makePlan(
      input({
        request: request({ command: 'refresh', cells: [], owed: true }),
        owed: new Map([['per_month', 'late rows']]),
      }),
    );
    expect(plan.steps.filter((step) => step.kind === 'rollup').map((step) => step.target)).toEqual([
      'per_month',
    ]);
    expect(plan.cli).toBe('dayboard refresh --owed');
  });

  it('has one basis for one state and another for another', () => {
    const before = makePlan(input());
    expect(makePlan(input({ now: '2024-11-15T07:41:00Z' })).basis).toBe(before.basis);
    const changed = new Map(input().deliveries);
    changed.set(deliveryKey('visits', '2024-11-14'), {
      dataset: 'visits',
      period: '2024-11-14',
      object: object('2024-11-14', 'two'),
    });
    expect(makePlan(input({ deliveries: changed })).basis).not.toBe(before.basis);
  });

  it('is timed from past runs, not counting rollups that owe nothing, and not at all when a step has none', () => {
    const kinds = ['fetch', 'load', 'publish'] as const;
    const durations = new Map([
      ...kinds.map((kind) => [durationKey(kind, 'visits'), 2] as const),
      [durationKey('rollup', 'per_day'), 1],
      [durationKey('rollup', 'per_month'), 1],
      [durationKey('check', 'totals'), 1],
    ] as Array<[string, number]>);
    expect(makePlan(input({ durations, request: request({ reprocess: ['all'] }) })).estimateSeconds).toBe(7);
    expect(makePlan(input()).estimateSeconds).toBeUndefined();
  });

  it('shows itself as the command line that asks for the same', () => {
    const cells = [{ dataset: 'visits', periods: ['2024-11-12', '2024-11-13', '2024-11-15'] }];
    expect(makePlan(input({ request: request({ cells, reprocess: ['failed'] }) })).cli).toBe(
      'dayboard sync 2024-11-12..2024-11-13,2024-11-15 visits --reprocess failed',
    );
  });
});
