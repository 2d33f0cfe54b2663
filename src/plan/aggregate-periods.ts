import { Temporal } from 'temporal-polyfill';
import type { Aggregate, CellState, Day, Period, Project } from '../project/model.ts';
import {
  addPeriods,
  dueAt,
  duration,
  firstDay,
  lastDay,
  periodOf,
  periodRange,
  today,
} from '../project/period.ts';

/** What is known of an aggregate, and decides which of its periods are owed. */
export interface AggregateFacts {
  /** By the period's first day. */
  computed: ReadonlyMap<Day, { definitionHash: string; rows: number; at: string; run?: string }>;
  /** Why something below a period changed since, by its first day. */
  owed: ReadonlyMap<Day, string>;
  /** The run that is computing it now. */
  running?: { run: string; since: string; periods?: readonly Period[] };
  /** What went wrong at the last computation. */
  error?: string;
  /** The hash of its definition as it is now. */
  definitionHash: string;
  /** The first day of which data is known below; undefined when none is. */
  knownSince?: Day | undefined;
  /** RFC 3339. */
  now: string;
}

/** How a period of an aggregate stands, and why, in one sentence. */
export interface PeriodState {
  state: CellState;
  why: string;
  since?: string;
}

/** The state of one period. */
export function periodState(aggregate: Aggregate, period: Period, facts: AggregateFacts): PeriodState {
  const day = firstDay(period).toString();
  const computed = facts.computed.get(day);
  const touched = facts.owed.get(day);
  const reason = reasonToCompute(aggregate, period, facts);
  const { running } = facts;
  if (running !== undefined && (running.periods?.includes(period) ?? reason !== undefined))
    return { state: 'running', why: `Run ${running.run} is computing it.`, since: running.since };
  if (reason === undefined) {
    if (computed === undefined) return { state: 'not due', why: notDue(aggregate, period, facts) };
    const early = touched !== undefined && !isDue(aggregate, period, facts.now);
    const why = early
      ? `Computed before it ended; ${lower(notDue(aggregate, period, facts))}`
      : `Computed, ${computed.rows.toLocaleString('en')} rows.`;
    return { state: 'loaded', why, since: computed.at };
  }
  if (facts.error !== undefined)
    return {
      state: 'failed',
      why: `${facts.error} ${computed === undefined ? 'It was never computed.' : 'It holds what it held.'}`,
    };
  return { state: 'owed', why: reason };
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Why a period must be computed; undefined when it need not be. */
function reasonToCompute(aggregate: Aggregate, period: Period, facts: AggregateFacts): string | undefined {
  const day = firstDay(period).toString();
  if (!isDue(aggregate, period, facts.now)) return undefined;
  if (aggregate.since !== undefined && day < firstDay(aggregate.since).toString()) return undefined;
  const computed = facts.computed.get(day);
  const touched = facts.owed.get(day);
  if (computed === undefined) {
    if (aggregate.onRequest) return undefined;
    if (touched !== undefined) return `It was never computed: ${lower(touched)}`;
    const first = firstPeriod(aggregate, facts);
    return first !== undefined && period >= first ? 'It was never computed.' : undefined;
  }
  if (computed.definitionHash !== facts.definitionHash) return 'Its definition changed.';
  return touched;
}

function isDue(aggregate: Aggregate, period: Period, now: string): boolean {
  const due = dueAt(period, aggregate.expected, aggregate.timeZone);
  return Temporal.Instant.compare(Temporal.Instant.from(now), due) >= 0;
}

function notDue(aggregate: Aggregate, period: Period, facts: AggregateFacts): string {
  if (!isDue(aggregate, period, facts.now)) {
    const due = dueAt(period, aggregate.expected, aggregate.timeZone);
    return `Due when it has ended, ${due.toString({ smallestUnit: 'minute' })}.`;
  }
  if (aggregate.onRequest) return 'It is computed only when asked for by name.';
  const first = firstPeriod(aggregate, facts);
  return first === undefined ? 'No data is known yet.' : `It begins with ${first}.`;
}

/** The first period that is computed: as the definition says, else that of the first data known. */
function firstPeriod(aggregate: Aggregate, facts: AggregateFacts): Period | undefined {
  if (aggregate.since !== undefined) return aggregate.since;
  const days = [...facts.computed.keys(), ...(facts.knownSince === undefined ? [] : [facts.knownSince])];
  const first = days.sort()[0];
  return first === undefined ? undefined : periodOf(first, aggregate.period);
}

/** Every period that must be computed now, oldest first. */
export function owedPeriods(aggregate: Aggregate, facts: AggregateFacts): Period[] {
  const current = periodOf(today(facts.now, aggregate.timeZone), aggregate.period);
  const first = firstPeriod(aggregate, facts);
  const known = [...facts.computed.keys(), ...facts.owed.keys()].map((day) =>
    periodOf(day, aggregate.period),
  );
  const all = new Set([...(first === undefined ? [] : periodRange(first, current)), ...known]);
  return [...all].filter((period) => reasonToCompute(aggregate, period, facts) !== undefined).sort();
}

/** Why the first of these periods is owed, for people. */
export function whyOwed(aggregate: Aggregate, periods: readonly Period[], facts: AggregateFacts): string {
  const [first] = periods;
  return first === undefined ? '' : (reasonToCompute(aggregate, first, facts) ?? '');
}

/** The days and instants that an aggregate's period is computed from, as [from, to) of days. */
export function windowOf({ over }: Aggregate, period: Period): { from: Day; to: Day } {
  const from = firstDay(period);
  const to = lastDay(period).add({ days: 1 });
  return {
    from: (over.before === undefined ? from : from.subtract(duration(over.before))).toString(),
    to: (over.after === undefined ? to : to.add(duration(over.after))).toString(),
  };
}

/**
 * The periods in whose window a day lies.
 * @param isStart something is at the day's first instant, which a closed window before it takes in
 */
export function periodsTouchedBy(aggregate: Aggregate, day: Day, isStart: boolean): Period[] {
  const found: Period[] = [];
  const holds = (period: Period) => {
    const { from, to } = windowOf(aggregate, period);
    return from <= day && (day < to || (aggregate.over.closed && isStart && day === to));
  };
  const own = periodOf(day, aggregate.period);
  for (let period = own; holds(period); period = addPeriods(period, 1)) found.push(period);
  for (let period = addPeriods(own, -1); holds(period); period = addPeriods(period, -1)) found.push(period);
  return found.sort();
}

/** The periods of an aggregate that a change of periods of another one, which it is over, touches. */
export function periodsAbove(aggregate: Aggregate, below: readonly Period[]): Period[] {
  const days = new Set(
    below.flatMap((period) => periodRange(firstDay(period).toString(), lastDay(period).toString())),
  );
  return [...new Set([...days].flatMap((day) => periodsTouchedBy(aggregate, day, true)))].sort();
}

/** Runs of neighbouring periods, none longer than `most`, oldest first: what one statement computes. */
export function chunksOf(periods: readonly Period[], most: number): Period[][] {
  const chunks: Period[][] = [];
  for (const period of [...periods].sort()) {
    const last = chunks.at(-1);
    const before = last?.at(-1);
    if (last !== undefined && before !== undefined && last.length < most && addPeriods(before, 1) === period)
      last.push(period);
    else chunks.push([period]);
  }
  return chunks;
}

/** Aggregates directly over a dataset or an aggregate. */
export function aggregatesOver(project: Project, name: string): Aggregate[] {
  return project.aggregates.filter((aggregate) => aggregate.over.name === name);
}

/** The dataset at the bottom of an aggregate. */
export function datasetBelow(project: Project, aggregate: Aggregate): string {
  const below = project.aggregates.find((each) => each.name === aggregate.over.name);
  return below === undefined ? aggregate.over.name : datasetBelow(project, below);
}
