import type { BucketTotals, DeliveryDiff, DiffRow, RollupDiff } from '../plan/diff.ts';
import { count, plural } from './format.ts';
import { pad } from './width.ts';

export interface DiffLine {
  kind: 'head' | 'plain' | 'added' | 'removed' | 'changed' | 'rollup';
  text: string;
}

/** '2 would come, 1 would go, 0 would change'. */
export function diffCounts({ rows }: DeliveryDiff): string {
  const { added, removed, changed } = rows;
  if (added + removed + changed === 0) return 'no row would change';
  return `${count(added)} would come, ${count(removed)} would go, ${count(changed)} would change`;
}

/** A difference for people: how many rows of each kind with some of them, then the buckets of each rollup. */
export function diffLines(diff: DeliveryDiff): DiffLine[] {
  const published = diff.version === 0 ? 'Nothing is published' : `Version ${diff.version} is published`;
  const against =
    'object' in diff.against ? `${diff.against.object} at the source` : `version ${diff.against.version}`;
  const line = (kind: DiffLine['kind'], text: string): DiffLine => ({ kind, text });
  const { added, removed, changed } = diff.samples;
  return [
    line('head', `${published}. With ${against} instead: ${diffCounts(diff)}.`),
    ...added.map((row) => line('added', `+ ${values(row)}`)),
    ...removed.map((row) => line('removed', `- ${values(row)}`)),
    ...changed.map(({ before, after }) => line('changed', `~ ${changes(before, after)}`)),
    ...diff.rollups.flatMap((rollup) => [
      line('rollup', rollup.name),
      ...bucketTexts(rollup).map((text) => line('plain', `  ${text}`)),
    ]),
    ...(diff.views.length === 0
      ? []
      : [line('plain', `then ${plural(diff.views.length, 'view')} to refresh: ${diff.views.join(', ')}`)]),
  ];
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function values(row: DiffRow): string {
  return Object.entries(row)
    .map(([name, value]) => `${name}=${shown(value)}`)
    .join(' ');
}

/** The columns that stay, then those that change with both values. */
function changes(before: DiffRow, after: DiffRow): string {
  const same = Object.entries(after).filter(([name, value]) => shown(before[name]) === shown(value));
  const other = Object.entries(after).filter(([name, value]) => shown(before[name]) !== shown(value));
  return [
    values(Object.fromEntries(same)),
    ...other.map(([name, value]) => `${name}: ${shown(before[name])} -> ${shown(value)}`),
  ].join(' ');
}

/** One text per bucket, in columns. */
function bucketTexts({ buckets }: RollupDiff): string[] {
  const measures = Object.keys(buckets[0]?.after.measures ?? {});
  const rows = buckets.map(({ bucket, before, after }) => [
    bucket === '' ? 'no day' : bucket,
    total('groups', before, after),
    ...measures.map((measure) => total(measure, before, after)),
    isSameTotals(before, after) ? 'the same totals of other groups or values' : '',
  ]);
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows.map((row) =>
    row
      .map((text, at) => pad(text, widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function isSameTotals(before: BucketTotals, after: BucketTotals): boolean {
  const of = ({ groups, measures }: BucketTotals) => JSON.stringify([groups, measures]);
  return of(before) === of(after);
}

function total(what: string, before: BucketTotals, after: BucketTotals): string {
  const of = (totals: BucketTotals) =>
    what === 'groups' ? count(totals.groups) : (totals.measures[what] ?? '0');
  return of(before) === of(after) ? `${what} ${of(after)}` : `${what} ${of(before)} -> ${of(after)}`;
}
