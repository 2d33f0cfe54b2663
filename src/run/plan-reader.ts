import type { Queryable } from '../ledger/client.ts';
import { readDerived, readOwed } from '../ledger/derived.ts';
import { readAggregates } from '../ledger/computed.ts';
import { firstPeriods, readDeliveries, type DeliveryRange } from '../ledger/deliveries.ts';
import { newestDays } from '../ledger/versions.ts';
import { aliveRuns, lockHolders } from '../ledger/locks.ts';
import { readDurations } from '../ledger/run-reader.ts';
import type { CleanupPlan } from '../plan/cleanup.ts';
import type { CopyPlan } from '../plan/copy.ts';
import { derivedInOrder } from '../plan/derived.ts';
import { makePlan } from '../plan/make.ts';
import type { Plan, PlanRequest } from '../plan/plan.ts';
import { DayboardError } from '../project/errors.ts';
import type { Project } from '../project/model.ts';
import { nearest } from '../project/nearest.ts';
import { derivedStatuses, owedOfAggregates } from './derived-status.ts';

export interface PlanQuery {
  client: Queryable;
  project: Project;
  context: string;
  /** How dayboard was called: 'dayboard --config NAME'; 'dayboard' alone by default. */
  invocation?: string;
  request: PlanRequest;
  /** RFC 3339. */
  now: string;
  rulesHashes: ReadonlyMap<string, string>;
  /** What is proven loaded at sources; for cleanup. */
  cleanups?: readonly CleanupPlan[];
  /** What copies would do; for copy. */
  copies?: readonly CopyPlan[];
}

/** Reads from the ledger what a plan is made from, and makes it. */
export async function readPlan(query: PlanQuery): Promise<Plan> {
  const { client, project, request, now } = query;
  checkNames(project, request);
  const alive = await aliveRuns(client, project.name);
  const [deliveries, durations, derived, owed, aggregates, first, reach, holders] = await Promise.all([
    readDeliveries(client, project.name, requestRanges(project, request), alive),
    readDurations(client, project.name),
    readDerived(client, project.name),
    readOwed(client, project.name),
    readAggregates(client, project.name, alive),
    firstPeriods(client, project),
    newestDays(
      client,
      project.name,
      project.datasets.map((dataset) => dataset.name),
    ),
    lockHolders(client, project.name),
  ]);
  const facts = { project, derived, owed, aggregates, first, durations: durations.last, reach, now };
  const statuses = derivedStatuses(facts);
  const unsettled = new Map<string, string>();
  for (const status of statuses) {
    const never = status.refreshed === undefined && status.kind !== 'aggregate';
    if (status.owed.length > 0 || never) unsettled.set(status.name, status.why);
  }
  return makePlan({
    project,
    context: query.context,
    ...(query.invocation === undefined ? {} : { invocation: query.invocation }),
    request,
    now,
    deliveries,
    rulesHashes: query.rulesHashes,
    owed: unsettled,
    owedPeriods: owedOfAggregates(facts),
    stale: statuses
      .filter((status) => status.verdict === 'warn' || status.verdict === 'error')
      .map((status) => status.name),
    durations: durations.medians,
    ...(query.cleanups === undefined ? {} : { cleanups: query.cleanups }),
    ...(query.copies === undefined ? {} : { copies: query.copies }),
    held: holders.filter((holder) => wants(request, holder.target)),
  });
}

function requestRanges(project: Project, request: PlanRequest): DeliveryRange[] {
  return request.cells.flatMap(({ dataset, periods }) => {
    const sorted = [...periods].sort();
    const first = sorted[0];
    const carries = project.datasets.find((each) => each.name === dataset)?.carries;
    // Whether an older snapshot may come is decided by every newer one there is.
    const last = carries?.kind === 'snapshot' ? '9999-12-31' : sorted.at(-1);
    return first === undefined || last === undefined ? [] : [{ dataset, first, last }];
  });
}

function wants(request: PlanRequest, target: string): boolean {
  const [kind, name, period] = target.split(' ');
  if (kind === 'delivery')
    return request.cells.some((each) => each.dataset === name && each.periods.includes(period ?? ''));
  const named = [...request.names, ...(request.aggregates ?? []).map((each) => each.name)];
  return kind === 'derived' && named.includes(name ?? '');
}

/** 'usage.dataset' and 'usage.name' for what the project does not have, with the nearest name; 'dataset.off' for what is off. */
function checkNames(project: Project, request: PlanRequest): void {
  for (const { dataset } of request.cells) {
    if (project.datasets.some((each) => each.name === dataset)) continue;
    throw unknownName(
      'dataset',
      dataset,
      project.datasets.map((each) => each.name),
    );
  }
  if (['cleanup', 'copy', 'adopt', 'script'].includes(request.command)) return;
  const known =
    request.command === 'check'
      ? project.checks.map((each) => each.name)
      : derivedInOrder(project).map((each) => each.name);
  for (const name of request.names) {
    if (!known.includes(name))
      throw unknownName(request.command === 'check' ? 'check' : 'rollup, view or aggregate', name, known);
  }
  const aggregates = project.aggregates.map((each) => each.name);
  for (const { name } of request.aggregates ?? [])
    if (!aggregates.includes(name)) throw unknownName('aggregate', name, aggregates);
}

/** 'usage.name': there is no such thing, and what was probably meant. */
export function unknownName(kind: string, name: string, known: readonly string[]): DayboardError {
  const near = nearest(name, known);
  return new DayboardError({
    code: `usage.${kind === 'dataset' ? 'dataset' : 'name'}`,
    kind: 'usage',
    message: `There is no ${kind} "${name}".`,
    facts: { name, nearest: near },
    next:
      near === undefined
        ? `There are: ${known.join(', ')}.`
        : `Did you mean "${near}"? There are: ${known.join(', ')}.`,
  });
}
