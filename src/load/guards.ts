import type { CountedDelivery } from '../ledger/versions.ts';
import { DayboardError } from '../project/errors.ts';
import type { Dataset, Day, GuardAction, Period } from '../project/model.ts';
import { firstDay, lastDay } from '../project/period.ts';
import { comparable } from './comparable.ts';
import { dayColumn } from './days.ts';
import type { Finding } from './prepared.ts';

export interface GuardInput {
  dataset: Dataset;
  period: Period;
  /** Rows of the delivery: after duplicates were taken out, as `history` has them. */
  rows: number;
  /** Rows by their own day. Not looked at for tables without days. */
  days?: Readonly<Record<Day, number>>;
  /** The file had no bytes, not even a header. */
  noBytes?: boolean;
  /** Published deliveries of the dataset of the weeks before, in any order. */
  history: readonly CountedDelivery[];
  /** Rows by day of the version of this delivery that is published, and of the new one; undefined when none is. */
  reload?: { version: number; from: Readonly<Record<Day, number>>; to: Readonly<Record<Day, number>> };
  /** Names of guards that may not stop this delivery, only mark it. */
  force: readonly string[];
}

type Guard = Finding['guard'];

/** Days that a message names. */
const MOST_DAYS = 5;

/**
 * What the dataset's guards say of a delivery: one finding for each that marks it. A guard that stops throws a
 * DayboardError 'guard.empty', 'guard.days', 'guard.rows' or 'guard.loss' of kind 'refused' that names `--force`.
 */
export function checkGuards(input: GuardInput): Finding[] {
  const { guards } = input.dataset;
  const findings: Finding[] = [];
  if (input.rows === 0) {
    findings.push(...verdict(input, guards.empty, emptyFinding(input)));
  } else {
    const days = daysAllowed(input.dataset, input.period);
    if (days !== undefined && input.days !== undefined)
      findings.push(...verdict(input, days.action, daysFinding(input, days, input.days)));
    if (guards.rows !== undefined)
      findings.push(...verdict(input, guards.rows.action, rowsFinding(input, guards.rows)));
  }
  // A reload without rows that is accepted as such may still take away what is published.
  if (guards.loss !== undefined && input.reload !== undefined)
    findings.push(...verdict(input, guards.loss.action, lossFinding(input, guards.loss.keep, input.reload)));
  return findings;
}

/** Whether a file without any bytes is for the guard 'empty' to judge: it is refused as no CSV otherwise. */
export function mayHaveNoBytes({ guards }: Dataset, force: readonly string[]): boolean {
  return guards.empty !== 'stop' || force.includes('empty');
}

function verdict(input: GuardInput, action: GuardAction, finding: Finding | undefined): Finding[] {
  if (finding === undefined || action === 'accept') return [];
  if (action === 'mark') return [finding];
  if (input.force.includes(finding.guard)) return [{ ...finding, forced: true }];
  throw new DayboardError({
    code: `guard.${finding.guard}`,
    kind: 'refused',
    message: finding.message,
    facts: { dataset: input.dataset.name, period: input.period, ...finding.facts },
    next: `It was not published, and what was published before is untouched. If the delivery is right as it is, publish it with --force ${finding.guard}; it is then marked as suspicious.`,
  });
}

function emptyFinding({ dataset, period, noBytes = false }: GuardInput): Finding {
  const what = noBytes ? 'no bytes, not even a header' : 'a header and no rows';
  return found('empty', `The delivery ${dataset.name} ${period} has ${what}.`, { rows: 0 });
}

interface DaysAllowed {
  first: Day;
  last: Day;
  action: GuardAction;
}

/**
 * The days that rows may have. Unless declared otherwise, deliveries that carry their own period may have that period's
 * only; a day that dayboard computes itself is right by definition.
 */
function daysAllowed(dataset: Dataset, period: Period): DaysAllowed | undefined {
  const limits = dataset.guards.days;
  const first = firstDay(period);
  if (limits !== undefined) {
    return {
      first: first.subtract({ days: limits.before }).toString(),
      last: first.add({ days: limits.after }).toString(),
      action: limits.action,
    };
  }
  if (dataset.carries.kind !== 'period' || dayColumn(dataset)?.value?.kind === 'deliveryDay')
    return undefined;
  return { first: first.toString(), last: lastDay(period).toString(), action: 'stop' };
}

function daysFinding(
  input: GuardInput,
  allowed: DaysAllowed,
  days: Readonly<Record<Day, number>>,
): Finding | undefined {
  const outside = Object.entries(days)
    .filter(([day]) => day < allowed.first || day > allowed.last)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (outside.length === 0) return undefined;
  const rows = outside.reduce((sum, [, count]) => sum + count, 0);
  const list = firstOf(outside.map(([day, count]) => `${day} (${count})`));
  return found(
    'days',
    `${rows} of ${input.rows} rows of ${input.dataset.name} ${input.period} are of days outside ${allowed.first}..${allowed.last} (in ${input.dataset.timeZone}): ${list}.`,
    { outside: rows, rows: input.rows, first: allowed.first, last: allowed.last, days: list },
  );
}

/** At most so many, and how many more there are. */
function firstOf(days: readonly string[]): string {
  const more = days.length - MOST_DAYS;
  return [...days.slice(0, MOST_DAYS), ...(more > 0 ? [`… ${more} more days`] : [])].join(', ');
}

function rowsFinding(input: GuardInput, limits: { low: number; high: number }): Finding | undefined {
  const comparison = comparable(input.dataset, input.period, input.history);
  if (comparison === undefined) return undefined;
  const usual = median(comparison.rows);
  const [low, high] = [Math.ceil(usual * limits.low), Math.floor(usual * limits.high)];
  if (input.rows >= low && input.rows <= high) return undefined;
  const [how, limit] = input.rows < low ? ['fewer', low] : ['more', high];
  return found(
    'rows',
    `${input.dataset.name} ${input.period} has ${input.rows} rows, ${how} than ${limit}: ${comparison.with} had ${usual} in the median, and ${limits.low} to ${limits.high} times that is declared as usual.`,
    { rows: input.rows, usual, low, high, comparedWith: comparison.with },
  );
}

/** A day loses rows when less of what is published of it than the share `keep` is in the new version. */
function lossFinding(
  { dataset, period }: GuardInput,
  keep: number,
  { version, from, to }: NonNullable<GuardInput['reload']>,
): Finding | undefined {
  const losing = Object.entries(from)
    .filter(([day, rows]) => (to[day] ?? 0) < rows * keep)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (losing.length === 0) return undefined;
  const days = firstOf(losing.map(([day, rows]) => `${day} (${rows} to ${to[day] ?? 0})`));
  const lost = losing.reduce((sum, [day, rows]) => sum + rows - (to[day] ?? 0), 0);
  return found(
    'loss',
    `${dataset.name} ${period} would lose rows of ${losing.length === 1 ? 'a day' : `${losing.length} days`} that its published version ${version} has: ${days}. Less than ${keep} of them would be left.`,
    { version, lost, days },
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function found(guard: Guard, message: string, facts: Finding['facts']): Finding {
  return { guard, message, facts };
}
