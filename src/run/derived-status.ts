import { Temporal } from 'temporal-polyfill';
import { rootDataset } from '../rollup/shape.ts';
import { type AggregateRecord, NO_RECORD } from '../ledger/computed.ts';
import type { DerivedRecord, OwedBuckets } from '../ledger/derived.ts';
import { aggregateHash } from '../rollup/periods/table.ts';
import { type AggregateFacts, datasetBelow, owedPeriods } from '../plan/aggregate-periods.ts';
import type { DerivedStatus, Verdict } from '../plan/board.ts';
import { derivedInOrder, type Derived } from '../plan/derived.ts';
import { durationKey } from '../plan/make.ts';
import { type Chain, lateWhy } from './chain.ts';
import type { Aggregate, Day, FreshnessLimits, Period, Project, Rollup } from '../project/model.ts';
import { firstDay, lastDay, periodOf } from '../project/period.ts';

export interface DerivedInput {
  project: Project;
  derived: ReadonlyMap<string, DerivedRecord>;
  owed: ReadonlyMap<string, OwedBuckets>;
  /** What the ledger knows of aggregates, by name. */
  aggregates: ReadonlyMap<string, AggregateRecord>;
  /** The first delivery that is known of each dataset. */
  first: ReadonlyMap<string, Period>;
  /** Seconds of the last refreshes by durationKey, oldest first. */
  durations: ReadonlyMap<string, number[]>;
  /** The newest day that each dataset's published deliveries hold. */
  reach: ReadonlyMap<string, Day>;
  /** RFC 3339. */
  now: string;
  /** How the last scheduled start went on, where lateness is judged. */
  chain?: Chain;
}

/** Rollups, views and aggregates with their freshness, in the project's order. */
export function derivedStatuses(input: DerivedInput): DerivedStatus[] {
  return derivedInOrder(input.project).map((derived) => statusOf(derived, input));
}

/** What decides which periods of an aggregate are owed. */
export function aggregateFacts(
  aggregate: Aggregate,
  {
    project,
    derived,
    aggregates,
    first,
    now,
  }: Pick<DerivedInput, 'project' | 'derived' | 'aggregates' | 'first' | 'now'>,
): AggregateFacts {
  const { computed, owed, running } = aggregates.get(aggregate.name) ?? NO_RECORD;
  const known = first.get(datasetBelow(project, aggregate));
  const error = derived.get(aggregate.name)?.error?.message;
  return {
    computed,
    owed,
    ...(running === undefined ? {} : { running }),
    ...(error === undefined ? {} : { error }),
    definitionHash: aggregateHash(aggregate),
    ...(known === undefined ? {} : { knownSince: firstDay(known).toString() }),
    now,
  };
}

/** The owed periods of every aggregate that owes any, by name. */
export function owedOfAggregates(input: DerivedInput): Map<string, Period[]> {
  const found = new Map<string, Period[]>();
  for (const aggregate of input.project.aggregates) {
    const { periods } = owedPeriods(aggregate, aggregateFacts(aggregate, input));
    if (periods.length > 0) found.set(aggregate.name, periods);
  }
  return found;
}

/** What is owed, with an aggregate's periods in the place of its buckets. */
function owedOf(derived: Derived, input: DerivedInput): OwedBuckets | undefined {
  if (derived.kind !== 'aggregate') return input.owed.get(derived.name);
  const aggregate = derived.definition as Aggregate;
  const facts = aggregateFacts(aggregate, input);
  const { periods, why } = owedPeriods(aggregate, facts);
  return periods.length === 0 ? undefined : { buckets: periods, why };
}

function statusOf(derived: Derived, input: DerivedInput): DerivedStatus {
  const found = input.derived.get(derived.name);
  const through = throughOf(derived, found, input);
  const record =
    found === undefined ? undefined : { ...found, ...(through === undefined ? {} : { through }) };
  const owed = owedOf(derived, input);
  const limits = derived.definition.freshness;
  const zone = 'timeZone' in derived.definition ? derived.definition.timeZone : input.project.timeZone;
  const age = record?.through === undefined ? undefined : ageSeconds(record.through, zone, input.now);
  const early = record?.refreshed === undefined && owed === undefined ? notYet(derived) : undefined;
  const judged = early ?? late(derived, input, owed) ?? judge({ age, limits, owed, record });
  return {
    name: derived.name,
    kind: derived.kind,
    verdict: judged.verdict,
    why: judged.why,
    owed: owed?.buckets ?? [],
    reads: [...derived.reads],
    durations: input.durations.get(durationKey(derived.kind, derived.name)) ?? [],
    ...(record?.through === undefined ? {} : { through: record.through }),
    ...(age === undefined ? {} : { ageSeconds: age }),
    ...limitSeconds(limits),
    ...(record?.refreshed === undefined ? {} : { refreshed: record.refreshed }),
    ...(record?.rows === undefined ? {} : { rows: record.rows }),
    ...(record?.error === undefined ? {} : { error: record.error }),
  };
}

/**
 * The newest day inside. A bucket of weeks or months says only when it began: such a rollup, kept exact, reaches as
 * far as the dataset at its bottom.
 */
function throughOf(
  derived: Derived,
  record: DerivedRecord | undefined,
  input: DerivedInput,
): Day | undefined {
  if (derived.kind === 'aggregate') {
    const { computed } = input.aggregates.get(derived.name) ?? NO_RECORD;
    const last = [...computed.keys()].sort().at(-1);
    return last === undefined
      ? undefined
      : lastDay(periodOf(last, (derived.definition as Aggregate).period)).toString();
  }
  if (derived.kind === 'view' || record?.through === undefined) return record?.through;
  const rollup = derived.definition as Rollup;
  if (rollup.bucket.unit === 'day') return record.through;
  const reach = input.reach.get(rootDataset(input.project, rollup));
  return reach !== undefined && reach > record.through ? reach : record.through;
}

/** What was owed when the schedule started and was not begun since has missed its start. */
function late(
  derived: Derived,
  input: DerivedInput,
  owed: OwedBuckets | undefined,
): { verdict: Verdict; why: string } | undefined {
  const { chain } = input;
  if (chain === undefined || owed === undefined) return undefined;
  const why = lateWhy(derived, chain, (start) => {
    const since = chain.starts.owedSince.get(derived.name);
    const noted = since !== undefined && since < start;
    if (derived.kind !== 'aggregate') return noted;
    const aggregate = derived.definition as Aggregate;
    const facts = aggregateFacts(aggregate, { ...input, now: start });
    // What a change since then owes was not owed at the start.
    return owedPeriods(aggregate, noted ? facts : { ...facts, owed: new Map() }).periods.length > 0;
  });
  return why === undefined ? undefined : { verdict: 'error', why };
}

/** An aggregate of which no period was due yet, or asked for, lacks nothing. */
function notYet({ kind, definition }: Derived): { verdict: Verdict; why: string } | undefined {
  if (kind !== 'aggregate') return undefined;
  const why = (definition as Aggregate).onRequest
    ? 'Computed only when asked for by name.'
    : 'No period was due yet.';
  return { verdict: 'pass', why };
}

/** Seconds since the end of the newest day inside, never negative. */
export function ageSeconds(through: Day, timeZone: string, now: string): number {
  const end = Temporal.PlainDate.from(through).add({ days: 1 }).toZonedDateTime(timeZone).toInstant();
  return Math.max(0, Math.round((Date.parse(now) - end.epochMilliseconds) / 1000));
}

export function limitSeconds(
  limits: FreshnessLimits | undefined,
): Pick<DerivedStatus, 'warnSeconds' | 'errorSeconds'> {
  return limits === undefined
    ? {}
    : { warnSeconds: limits.warnHours * 3600, errorSeconds: limits.errorHours * 3600 };
}

/** Pass, warn or error by age; 'unknown' is kept for what could not be measured. */
export function ageVerdict(age: number | undefined, limits: FreshnessLimits | undefined): Verdict {
  if (age === undefined) return 'unknown';
  if (limits === undefined) return 'pass';
  if (age > limits.errorHours * 3600) return 'error';
  return age > limits.warnHours * 3600 ? 'warn' : 'pass';
}

function judge(facts: {
  age: number | undefined;
  limits: FreshnessLimits | undefined;
  owed: OwedBuckets | undefined;
  record: DerivedRecord | undefined;
}): { verdict: Verdict; why: string } {
  const { age, limits, owed, record } = facts;
  if (record?.error !== undefined)
    return { verdict: 'error', why: `The last refresh failed: ${record.error.message}` };
  if (record?.refreshed === undefined) return { verdict: 'unknown', why: 'Never computed.' };
  const byAge = ageVerdict(age, limits);
  if (owed !== undefined) return { verdict: byAge === 'error' ? 'error' : 'warn', why: owed.why };
  if (age === undefined) return { verdict: 'unknown', why: 'It is empty, so its age is unknown.' };
  if (byAge === 'pass') return { verdict: 'pass', why: `Holds data through ${record.through ?? ''}.` };
  return {
    verdict: byAge,
    why: `Its newest day, ${record.through ?? ''}, is older than the limit of ${byAge === 'error' ? limits?.errorHours : limits?.warnHours} h.`,
  };
}
