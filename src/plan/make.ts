import { createHash } from 'node:crypto';
import { DayboardError } from '../project/errors.ts';
import type { CellState, Dataset, Period, Project, Reprocess } from '../project/model.ts';
import { cellOf } from './cell-state.ts';
import type { Cell } from './board.ts';
import type { CleanupPlan } from './cleanup.ts';
import type { CopyPlan } from './copy.ts';
import { commandLine, ranges } from './command-line.ts';
import { affectedDerived, checksOf, type Derived, derivedInOrder, owedBelow } from './derived.ts';
import { deliveryKey, type DeliveryFacts } from './facts.ts';
import type { Plan, PlannedCell, PlannedStep, PlanRequest, StepKind } from './plan.ts';

/** Everything a plan is made from. */
export interface PlanInput {
  project: Project;
  context: string;
  /** How dayboard was called: 'dayboard --config NAME'; 'dayboard' alone by default. */
  invocation?: string;
  request: PlanRequest;
  /** RFC 3339. */
  now: string;
  /** By deliveryKey; a delivery the ledger has never heard of is absent. */
  deliveries: ReadonlyMap<string, DeliveryFacts>;
  /** By dataset. */
  rulesHashes: ReadonlyMap<string, string>;
  /** Rollups, views and aggregates that owe something or were never computed, by name, with why. */
  owed: ReadonlyMap<string, string>;
  /** Periods that aggregates owe now, by name, oldest first. */
  owedPeriods?: ReadonlyMap<string, readonly Period[]>;
  /** Rollups, views and aggregates past their freshness limits. */
  stale: readonly string[];
  /** Median seconds of past steps by `durationKey`. */
  durations: ReadonlyMap<string, number>;
  held: Plan['held'];
  /** What is proven loaded at sources; for cleanup. */
  cleanups?: readonly CleanupPlan[];
  /** What copies would do; for copy. */
  copies?: readonly CopyPlan[];
}

export function durationKey(kind: StepKind, target: string): string {
  return `${kind} ${target}`;
}

/** What would be done for a request. Pure: the same input gives the same plan. */
export function makePlan(input: PlanInput): Plan {
  const cells = input.request.cells.flatMap(({ dataset, periods }) => {
    const definition = datasetOf(input.project, dataset);
    return periods.map((period) => planCell(definition, period, input));
  });
  const steps = new StepList(input.durations);
  addDeliverySteps(steps, cells, input);
  addDerivedSteps(steps, cells, input);
  const cleanups = agreedCleanups(input);
  for (const { dataset, proven } of cleanups) if (proven > 0) steps.add('cleanup', dataset);
  for (const { name } of input.copies ?? []) steps.add('copy', name);
  const estimate = steps.estimate(input.request.concurrency);
  const basis = basisOf(input, cells);
  return {
    schema: 'dayboard.plan/1',
    project: input.project.name,
    context: input.context,
    request: input.request,
    cells,
    steps: steps.list,
    ...(input.cleanups === undefined ? {} : { cleanups: [...cleanups] }),
    ...(input.copies === undefined ? {} : { copies: [...input.copies] }),
    ...(estimate === undefined ? {} : { estimateSeconds: estimate }),
    held: input.held,
    basis,
    madeAt: input.now,
    cli: commandLine(input.request, input.invocation),
  };
}

function datasetOf(project: Project, name: string): Dataset {
  const found = project.datasets.find((dataset) => dataset.name === name);
  if (found === undefined)
    throw new DayboardError({
      code: 'usage.dataset',
      kind: 'usage',
      message: `There is no dataset "${name}".`,
    });
  return found;
}

/** @throws 'cleanup.changed' (refused) when somebody agreed to other numbers */
function agreedCleanups({ cleanups = [], request: { agreed } }: PlanInput): readonly CleanupPlan[] {
  const other = cleanups.find(({ dataset, proven }) => agreed !== undefined && agreed[dataset] !== proven);
  if (other !== undefined)
    throw new DayboardError({
      code: 'cleanup.changed',
      kind: 'refused',
      message: `${agreed?.[other.dataset] ?? 0} rows of ${other.relation} in ${other.place} were to be deleted, and ${other.proven} are proven loaded by now. Nothing was deleted.`,
      facts: { dataset: other.dataset, proven: other.proven },
      next: 'Look at the new numbers, and agree to those.',
    });
  return cleanups;
}

function planCell(dataset: Dataset, period: Period, input: PlanInput): PlannedCell {
  const facts = input.deliveries.get(deliveryKey(dataset.name, period)) ?? { dataset: dataset.name, period };
  const cell = cellOf(dataset, facts, {
    now: input.now,
    rulesHash: input.rulesHashes.get(dataset.name) ?? '',
  });
  const { action, reason } = decideAction(cell, input, dataset);
  return {
    dataset: dataset.name,
    period,
    state: cell.state,
    action,
    reason,
    version: cell.version,
    ...(cell.object === undefined ? {} : { object: cell.object }),
    ...(cell.fetched === undefined ? {} : { fetched: cell.fetched }),
    ...(cell.object === undefined && canStandIn(dataset, cell) ? { standsIn: true } : {}),
  };
}

/** A delivery whose rows outlive the source's is loaded again from what is published, when the source has none left. */
function canStandIn({ carries }: Dataset, { version }: Cell): boolean {
  return carries.kind === 'period' && carries.absent === 'kept' && version > 0;
}

/** Which states each reprocess word takes in. 'failed' includes cancelled cells: those are as they were before. */
const TAKES: Record<Exclude<Reprocess, 'all'>, readonly CellState[]> = {
  missing: ['missing', 'available', 'fetched'],
  failed: ['failed'],
  stale: ['stale', 'owed'],
};

function decideAction(
  cell: Cell,
  { request, project, deliveries }: PlanInput,
  dataset: Dataset,
): Pick<PlannedCell, 'action' | 'reason'> {
  const skip = (reason: string) => ({ action: 'skip' as const, reason });
  if (cell.state === 'off' || cell.state === 'not due') return skip(cell.why);
  if (cell.state === 'running') return skip(`${cell.why} It is left to that run.`);
  if (request.command === 'undo')
    return cell.version === 0
      ? skip('Nothing of it is published.')
      : { action: 'undo', reason: `Version ${cell.version} is taken back.` };
  if (request.command === 'diff')
    return {
      action: 'diff',
      reason: `Compared with ${request.against === undefined ? 'what is at the source' : `version ${request.against}`}.`,
    };
  const newer = newerSnapshot(dataset, cell.period, deliveries);
  if (newer !== undefined && cell.version === 0)
    return skip(`The newer snapshot of ${newer} is already published.`);
  const wanted =
    request.reprocess.includes('all') ||
    request.reprocess.some((word) => word !== 'all' && TAKES[word].includes(cell.state));
  if (request.command === 'fetch')
    return isSelected(dataset)
      ? skip(
          'Its source is a database, which is read while it is loaded: nothing of it is kept in the cache.',
        )
      : fetchAction(cell, wanted);
  if (cell.takenBack && !request.reprocess.includes('all')) return skip(cell.why);
  if (!wanted)
    return skip(
      cell.state === 'loaded' || cell.state === 'suspicious'
        ? `Already loaded: version ${cell.version} of the same object.`
        : notAskedFor(cell),
    );
  return { action: 'import', reason: reasonFor(cell, project) };
}

function fetchAction(cell: Cell, wanted: boolean): Pick<PlannedCell, 'action' | 'reason'> {
  if (cell.state === 'fetched') return { action: 'skip', reason: 'Already verified in the cache.' };
  return wanted ? { action: 'fetch', reason: cell.why } : { action: 'skip', reason: cell.why };
}

function notAskedFor(cell: Cell): string {
  return `${cell.why} Not asked for (--reprocess).`;
}

function reasonFor(cell: Cell, project: Project): string {
  if (cell.state === 'loaded') return `Loaded again: version ${cell.version} is replaced.`;
  if (cell.takenBack) return 'Taken back before; it is loaded again because it was asked for.';
  if (cell.state === 'missing')
    return `Nothing was at the source of ${project.name} when it was last listed; it is looked up again.`;
  return cell.why;
}

/** For snapshots that are replaced whole an older delivery must not come after a newer one. */
function newerSnapshot(
  dataset: Dataset,
  period: Period,
  deliveries: ReadonlyMap<string, DeliveryFacts>,
): Period | undefined {
  if (dataset.carries.kind !== 'snapshot' || dataset.carries.mode !== 'replace') return undefined;
  let newest: Period | undefined;
  for (const facts of deliveries.values()) {
    if (facts.dataset !== dataset.name || facts.version === undefined || facts.period <= period) continue;
    if (newest === undefined || facts.period > newest) newest = facts.period;
  }
  return newest;
}

/** Whether a dataset's deliveries are rows of a database, which are read while they are loaded. */
function isSelected({ select }: Dataset): boolean {
  return select !== undefined;
}

function addDeliverySteps(
  steps: StepList,
  cells: readonly PlannedCell[],
  { project, request: { against } }: PlanInput,
): void {
  const inOrder = [...cells]
    .filter((cell) => cell.action !== 'skip')
    .sort((a, b) => (a.period < b.period ? -1 : a.period > b.period ? 1 : 0));
  for (const cell of inOrder) {
    if (cell.action === 'undo') {
      steps.add('undo', cell.dataset, { period: cell.period });
      continue;
    }
    if (cell.action === 'diff' && against !== undefined) {
      steps.add('diff', cell.dataset, { period: cell.period });
      continue;
    }
    const fetched = isSelected(datasetOf(project, cell.dataset))
      ? []
      : [steps.add('fetch', cell.dataset, { period: cell.period })];
    if (cell.action === 'fetch') continue;
    const loaded = steps.add('load', cell.dataset, { period: cell.period, needs: fetched });
    steps.add(cell.action === 'diff' ? 'diff' : 'publish', cell.dataset, {
      period: cell.period,
      needs: [loaded],
    });
  }
}

function addDerivedSteps(steps: StepList, cells: readonly PlannedCell[], input: PlanInput): void {
  const { project, request } = input;
  if (['fetch', 'import', 'diff', 'cleanup', 'copy', 'adopt', 'script'].includes(request.command)) return;
  const publishes = steps.list
    .filter((step) => step.kind === 'publish' || step.kind === 'undo')
    .map((step) => step.seq);
  const touched = [
    ...new Set(
      cells.filter(({ action }) => action === 'import' || action === 'undo').map((cell) => cell.dataset),
    ),
  ];
  if (request.command === 'sync')
    for (const dataset of touched.filter((name) => datasetOf(project, name).follows !== undefined))
      publishes.push(steps.add('follow', dataset, { after: [...publishes] }));
  const names = derivedNames(touched, cells, input);
  const seqs = new Map<string, number>();
  for (const derived of derivedInOrder(project).filter((each) => names.has(each.name))) {
    const below = derived.reads.map((name) => seqs.get(name)).filter((seq) => seq !== undefined);
    seqs.set(
      derived.name,
      steps.add(derived.kind, derived.name, {
        after: publishes,
        needs: below,
        ...workOf(derived, input),
      }),
    );
  }
  const changed = new Set([...touched, ...names]);
  const checks =
    request.command === 'check'
      ? project.checks.filter((check) => request.names.length === 0 || request.names.includes(check.name))
      : checksOf(project, changed);
  const before = [...publishes, ...seqs.values()];
  for (const check of checks) steps.add('check', check.name, { after: before });
}

/** What a derived step computes, where the plan says it: named rollups and views whole, periods of aggregates. */
function workOf(derived: Derived, { request, owed, owedPeriods }: PlanInput): Partial<StepOptions> {
  if (derived.kind === 'aggregate') {
    const asked = request.aggregates?.find(({ name }) => name === derived.name)?.periods;
    const periods = asked ?? owedPeriods?.get(derived.name) ?? [];
    return {
      ...(asked === undefined ? {} : { periods: asked }),
      ...(periods.length === 0 ? {} : { detail: ranges([...periods].sort()).join(',') }),
    };
  }
  const detail =
    request.command === 'refresh' && request.names.includes(derived.name) ? 'all' : owed.get(derived.name);
  return detail === undefined ? {} : { detail };
}

function derivedNames(
  touched: readonly string[],
  cells: readonly PlannedCell[],
  { project, request, owed, stale, deliveries }: PlanInput,
): Set<string> {
  if (request.command === 'check') return new Set();
  const owing = project.aggregates.map(({ name }) => name).filter((name) => owed.has(name));
  if (request.command === 'undo') return affectedDerived(project, touched);
  if (request.command === 'sync') {
    // Periods that ended, or were never computed, are owed without anything having been published now.
    const reachable = affectedDerived(
      project,
      request.cells.map(({ dataset }) => dataset),
    );
    // And so is what follows from a publish or an undo, when its run was interrupted or failed after it.
    const published = cells.filter((cell) => wasPublished(cell, deliveries)).map(({ dataset }) => dataset);
    const unfinished = affectedDerived(project, [...new Set(published)]);
    const late = [
      ...owing.filter((name) => reachable.has(name)),
      ...[...unfinished].filter((name) => owed.has(name)),
    ];
    return new Set([...affectedDerived(project, touched), ...late, ...affectedDerived(project, late)]);
  }
  const named = [...request.names, ...(request.aggregates ?? []).map(({ name }) => name)];
  const asked = new Set([...named, ...owedBelow(project, named, owed)]);
  const all = request.owed === true || request.stale === true;
  if (all) for (const name of [...owed.keys(), ...affectedDerived(project, owing)]) asked.add(name);
  if (request.stale === true) for (const name of stale) asked.add(name);
  return asked;
}

function wasPublished(cell: PlannedCell, deliveries: PlanInput['deliveries']): boolean {
  return cell.version > 0 || deliveries.get(deliveryKey(cell.dataset, cell.period))?.undone !== undefined;
}

interface StepOptions {
  period?: Period;
  needs?: readonly number[];
  after?: readonly number[];
  detail?: string;
  periods?: Period[];
}

class StepList {
  readonly list: PlannedStep[] = [];
  private readonly durations: ReadonlyMap<string, number>;

  constructor(durations: ReadonlyMap<string, number>) {
    this.durations = durations;
  }

  add(kind: StepKind, target: string, options: StepOptions = {}): number {
    const seq = this.list.length + 1;
    const estimate = this.durations.get(durationKey(kind, target));
    this.list.push({
      seq,
      kind,
      target,
      ...(options.period === undefined ? {} : { period: options.period }),
      needs: [...(options.needs ?? [])],
      after: [...(options.after ?? [])],
      ...(options.detail === undefined ? {} : { detail: options.detail }),
      ...(options.periods === undefined ? {} : { periods: options.periods }),
      ...(estimate === undefined ? {} : { estimateSeconds: estimate }),
    });
    return seq;
  }

  /** Wall-clock seconds: deliveries share the lanes, derived steps come after. Undefined when a step was never run. */
  estimate(concurrency: number): number | undefined {
    let deliveries = 0;
    let derived = 0;
    for (const step of this.list) {
      // A rollup that owes nothing is kept exact by the publishes, as an aggregate without owed periods: its step only looks.
      if ((step.kind === 'rollup' || step.kind === 'aggregate') && step.detail === undefined) continue;
      if (step.estimateSeconds === undefined) return undefined;
      if (step.period === undefined) derived += step.estimateSeconds;
      else deliveries += step.estimateSeconds;
    }
    return deliveries / Math.max(1, concurrency) + derived;
  }
}

/** Two plans with one basis do the same to the same state; the runner makes the plan anew and compares. */
function basisOf(input: PlanInput, cells: readonly PlannedCell[]): string {
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([input.project.name, input.context, input.request, input.cleanups, input.copies]),
  );
  for (const cell of cells)
    hash.update(
      JSON.stringify([
        cell.dataset,
        cell.period,
        cell.action,
        cell.version,
        cell.object?.key,
        cell.object?.etag,
      ]),
    );
  return hash.digest('hex').slice(0, 16);
}
