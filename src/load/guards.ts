import { DayboardError } from '../project/errors.ts';
import type { Dataset, Day, GuardAction, Period } from '../project/model.ts';
import { firstDay, lastDay } from '../project/period.ts';
import { dayColumn } from './days.ts';
import type { Finding } from './prepared.ts';

export interface GuardInput {
  dataset: Dataset;
  period: Period;
  /** Rows of the delivery: after duplicates were taken out, as `history` has them. */
  rows: number;
  /** Rows by their own day. Not looked at for tables without days. */
  days?: Readonly<Record<Day, number>>;
  /** Rows of the last weeks' published deliveries of the dataset, in any order. */
  history: readonly number[];
  /** Names of guards that may not stop this delivery, only mark it. */
  force: readonly string[];
}

type Guard = Finding['guard'];

/** With fewer deliveries nobody knows what is usual. */
const LEAST_HISTORY = 5;
/** Days that a message names. */
const MOST_DAYS = 5;

/**
 * What the dataset's guards say of a delivery: one finding for each that marks it. A guard that stops throws a
 * DayboardError 'guard.empty', 'guard.days' or 'guard.rows' of kind 'refused' that names `--force`.
 */
export function checkGuards(input: GuardInput): Finding[] {
  const { guards } = input.dataset;
  if (input.rows === 0) return verdict(input, guards.empty, emptyFinding(input));
  const findings: Finding[] = [];
  const days = daysAllowed(input.dataset, input.period);
  if (days !== undefined && input.days !== undefined) {
    findings.push(...verdict(input, days.action, daysFinding(input, days, input.days)));
  }
  if (guards.rows !== undefined)
    findings.push(...verdict(input, guards.rows.action, rowsFinding(input, guards.rows)));
  return findings;
}

function verdict(input: GuardInput, action: GuardAction, finding: Finding | undefined): Finding[] {
  if (finding === undefined || action === 'accept') return [];
  if (action === 'mark' || input.force.includes(finding.guard)) return [finding];
  throw new DayboardError({
    code: `guard.${finding.guard}`,
    kind: 'refused',
    message: finding.message,
    facts: { dataset: input.dataset.name, period: input.period, ...finding.facts },
    next: `It was not published, and what was published before is untouched. If the delivery is right as it is, publish it with --force ${finding.guard}; it is then marked as suspicious.`,
  });
}

function emptyFinding({ dataset, period }: GuardInput): Finding {
  return found('empty', `The delivery ${dataset.name} ${period} has a header and no rows.`, { rows: 0 });
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
  const named = outside.slice(0, MOST_DAYS).map(([day, count]) => `${day} (${count})`);
  const list = [
    ...named,
    ...(outside.length > MOST_DAYS ? [`… ${outside.length - MOST_DAYS} more days`] : []),
  ].join(', ');
  return found(
    'days',
    `${rows} of ${input.rows} rows of ${input.dataset.name} ${input.period} are of days outside ${allowed.first}..${allowed.last} (in ${input.dataset.timeZone}): ${list}.`,
    { outside: rows, rows: input.rows, first: allowed.first, last: allowed.last, days: list },
  );
}

function rowsFinding(input: GuardInput, limits: { low: number; high: number }): Finding | undefined {
  if (input.history.length < LEAST_HISTORY) return undefined;
  const usual = median(input.history);
  const [low, high] = [Math.ceil(usual * limits.low), Math.floor(usual * limits.high)];
  if (input.rows >= low && input.rows <= high) return undefined;
  const [how, limit] = input.rows < low ? ['fewer', low] : ['more', high];
  return found(
    'rows',
    `${input.dataset.name} ${input.period} has ${input.rows} rows, ${how} than ${limit}: the last ${input.history.length} deliveries had ${usual} in the median.`,
    { rows: input.rows, usual, low, high },
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
