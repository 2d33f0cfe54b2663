import type { Period, Reprocess } from '../project/model.ts';
import { addPeriods, unitOf } from '../project/period.ts';
import type { PlanRequest } from './plan.ts';

/** What is reprocessed when nobody says: whatever is not up to date. */
export const DEFAULT_REPROCESS: readonly Reprocess[] = ['missing', 'failed', 'stale'];

/**
 * The request as the command line that asks for the same; several, joined by &&, when datasets differ in periods.
 * `invocation` is how dayboard was called, with what every command needs: 'dayboard --config NAME'.
 */
export function commandLine(request: PlanRequest, invocation = 'dayboard'): string {
  if (request.cells.length === 0) return derivedCommand(request, invocation);
  return cellGroups(request.cells)
    .map((group) => [invocation, request.command, ...group, ...flags(request)].join(' '))
    .join(' && ');
}

function derivedCommand(request: PlanRequest, invocation: string): string {
  const { command, names, days = [], aggregates = [] } = request;
  if (aggregates.length > 0) return aggregateCommands(aggregates, [invocation, command]);
  // After periods, the names of checks are one argument.
  const words =
    days.length > 0
      ? [
          invocation,
          command,
          ranges([...days].sort()).join(','),
          ...(names.length > 0 ? [names.join(',')] : []),
        ]
      : [invocation, command, ...names];
  if (request.owed === true) words.push('--owed');
  if (request.stale === true) words.push('--stale');
  return words.join(' ');
}

/** Aggregates of other periods than others are a command of their own. */
function aggregateCommands(
  aggregates: NonNullable<PlanRequest['aggregates']>,
  words: readonly string[],
): string {
  const groups = cellGroups(aggregates.map(({ name, periods }) => ({ dataset: name, periods })));
  return groups.map(([periods, names]) => [...words, ...names.split(','), periods].join(' ')).join(' && ');
}

function flags(request: PlanRequest): string[] {
  if (request.command === 'undo') return [];
  if (request.command === 'diff')
    return [
      ...(request.against === undefined ? [] : ['--against', String(request.against)]),
      ...(request.showIds === true ? ['--show-ids'] : []),
    ];
  const words: string[] = [];
  const asDefault =
    request.reprocess.length === DEFAULT_REPROCESS.length &&
    DEFAULT_REPROCESS.every((word) => request.reprocess.includes(word));
  if (!asDefault) words.push('--reprocess', request.reprocess.join(','));
  if (request.force.length > 0) words.push('--force', request.force.join(','));
  return words;
}

function cellGroups(cells: PlanRequest['cells']): Array<[periods: string, datasets: string]> {
  const groups = new Map<string, string[]>();
  for (const { dataset, periods } of cells) {
    const written = ranges([...periods].sort()).join(',');
    groups.set(written, [...(groups.get(written) ?? []), dataset]);
  }
  return [...groups].map(([periods, datasets]) => [periods, datasets.join(',')]);
}

/** What is owed, for people: periods as ranges, buckets one by one. */
export function owedText(owed: readonly string[]): string {
  return owed.every((each) => unitOf(each) !== undefined)
    ? ranges([...owed].sort()).join(', ')
    : owed.join(', ');
}

/** Periods with neighbours written as ranges: 2024-11-01..2024-11-03,2024-11-07. */
export function ranges(periods: readonly Period[]): string[] {
  const found: Array<{ first: Period; last: Period }> = [];
  for (const period of periods) {
    const last = found.at(-1);
    if (last !== undefined && addPeriods(last.last, 1) === period) last.last = period;
    else found.push({ first: period, last: period });
  }
  return found.map(({ first, last }) => (first === last ? first : `${first}..${last}`));
}
