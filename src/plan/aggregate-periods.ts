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
  unitOf,
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

/** The states of some periods, in their order. */
export function periodStates(
  aggregate: Aggregate,
  periods: readonly Period[],
  facts: AggregateFacts,
): PeriodState[] {
  const judge = judgeOf(aggregate, facts);
  return periods.map((period) => stateOf(period, facts, judge));
}

function stateOf(period: Period, facts: AggregateFacts, judge: Judge): PeriodState {
  const day = dayOf(period);
  const computed = facts.computed.get(day);
  const reason = judge.reason(period);
  const { running } = facts;
  if (running !== undefined && (running.periods?.includes(period) ?? reason !== undefined))
    return { state: 'running', why: `Run ${running.run} is computing it.`, since: running.since };
  if (reason === undefined) {
    if (computed === undefined) return { state: 'not due', why: judge.notDue(period) };
    const early = facts.owed.has(day) && !judge.isDue(period);
    const why = early
      ? `Computed before it ended; ${lower(judge.notDue(period))}`
      : `Computed, ${computed.rows.toLocaleString('en')} rows.`;
    return { state: 'loaded', why, since: computed.at };
  }
  if (facts.error !== undefined) {
    const before = computed === undefined ? 'It was never computed.' : 'It holds what it held.';
    return { state: 'failed', why: `${facts.error} ${before}` };
  }
  return { state: 'owed', why: reason };
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** What decides for every period of an aggregate, found out once. */
interface Judge {
  /** Why a period must be computed; undefined when it need not be. */
  reason(period: Period): string | undefined;
  isDue(period: Period): boolean;
  notDue(period: Period): string;
  /** The first period that is computed: as the definition says, else that of the first data known. */
  first: Period | undefined;
}

function judgeOf(aggregate: Aggregate, facts: AggregateFacts): Judge {
  const first = firstPeriod(aggregate, facts);
  const last = lastDue(aggregate, facts.now);
  // Names of periods of one unit are in the order of time.
  const isDue = (period: Period) => period <= last;
  return {
    first,
    isDue,
    reason: (period) => {
      if (!isDue(period) || (aggregate.since !== undefined && period < aggregate.since)) return undefined;
      const day = dayOf(period);
      const computed = facts.computed.get(day);
      const touched = facts.owed.get(day);
      if (computed !== undefined)
        return computed.definitionHash === facts.definitionHash ? touched : 'Its definition changed.';
      if (aggregate.onRequest) return undefined;
      if (touched !== undefined) return `It was never computed: ${lower(touched)}`;
      return first !== undefined && period >= first ? 'It was never computed.' : undefined;
    },
    notDue: (period) => {
      if (!isDue(period)) {
        const due = dueAt(period, aggregate.expected, aggregate.timeZone);
        return `Due when it has ended, ${due.toString({ smallestUnit: 'minute' })}.`;
      }
      if (aggregate.onRequest) return 'It is computed only when asked for by name.';
      return first === undefined ? 'No data is known yet.' : `It begins with ${first}.`;
    },
  };
}

/** The newest period that is due. */
function lastDue({ period: unit, timeZone, expected }: Aggregate, now: string): Period {
  const instant = Temporal.Instant.from(now);
  let period = periodOf(today(now, timeZone), unit);
  while (Temporal.Instant.compare(instant, dueAt(period, expected, timeZone)) < 0)
    period = addPeriods(period, -1);
  return period;
}

function firstPeriod(aggregate: Aggregate, facts: AggregateFacts): Period | undefined {
  if (aggregate.since !== undefined) return aggregate.since;
  let first = facts.knownSince;
  for (const day of facts.computed.keys()) if (first === undefined || day < first) first = day;
  return first === undefined ? undefined : periodOf(first, aggregate.period);
}

/** The first day of a period; a day is its own. */
function dayOf(period: Period): Day {
  return unitOf(period) === 'day' ? period : firstDay(period).toString();
}

/** Every period that must be computed now, oldest first, and why the first of them. */
export function owedPeriods(aggregate: Aggregate, facts: AggregateFacts): { periods: Period[]; why: string } {
  const judge = judgeOf(aggregate, facts);
  const { first } = judge;
  const touched = [...facts.computed.keys(), ...facts.owed.keys()].map((day) =>
    aggregate.period === 'day' ? day : periodOf(day, aggregate.period),
  );
  const all = new Set([
    ...(first === undefined ? [] : periodRange(first, lastDue(aggregate, facts.now))),
    ...touched,
  ]);
  const periods = [...all].filter((period) => judge.reason(period) !== undefined).sort();
  const [oldest] = periods;
  return { periods, why: oldest === undefined ? '' : (judge.reason(oldest) ?? '') };
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
  const touched = chunksOf(below, Number.POSITIVE_INFINITY).flatMap((chunk) => {
    // Windows follow one another as days do: what lies between is touched too.
    const first = periodsTouchedBy(aggregate, dayOf(chunk[0] ?? ''), true)[0];
    const last = periodsTouchedBy(aggregate, lastDay(chunk.at(-1) ?? '').toString(), true).at(-1);
    return first === undefined || last === undefined ? [] : periodRange(first, last);
  });
  return [...new Set(touched)].sort();
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
