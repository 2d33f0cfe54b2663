import { count, plural } from '../../console/format.ts';
import type { BucketTotals, DeliveryDiff, DiffRow, RollupDiff } from '../../plan/diff.ts';
import type { Paint } from './paint.ts';
import { table, type TableCell } from './table.ts';

/** A difference for people: how many rows of each kind with some of them, then the buckets of each rollup. */
export function diffText(diff: DeliveryDiff, paint: Paint): string[] {
  const { theme } = paint;
  const { added, removed, changed } = diff.rows;
  const published = diff.version === 0 ? 'nothing is published' : `version ${diff.version} is published`;
  const against =
    'object' in diff.against ? `${diff.against.object} at the source` : `version ${diff.against.version}`;
  const head = `${paint.text(`diff ${diff.dataset} ${diff.period}`, theme.heading)} ${paint.text(`${published}, compared with ${against}`, theme.muted)}`;
  if (added + removed + changed === 0) return [head, '  No row would change.'];
  return [
    head,
    `  ${count(added)} would come, ${count(removed)} would go, ${count(changed)} would change`,
    ...diff.samples.added.map((row) => paint.text(`  + ${values(row)}`, theme.good)),
    ...diff.samples.removed.map((row) => paint.text(`  - ${values(row)}`, theme.bad)),
    ...diff.samples.changed.map(({ before, after }) =>
      paint.text(`  ~ ${changes(before, after)}`, theme.warn),
    ),
    ...diff.rollups.flatMap((rollup) => rollupText(rollup, paint)),
    ...(diff.views.length === 0
      ? []
      : [`  then ${plural(diff.views.length, 'view')} to refresh: ${diff.views.join(', ')}`]),
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

function rollupText({ name, buckets }: RollupDiff, paint: Paint): string[] {
  const measures = Object.keys(buckets[0]?.after.measures ?? buckets[0]?.before.measures ?? {});
  const rows = buckets.map(({ bucket, before, after }): TableCell[] => [
    bucket === '' ? 'without a day' : bucket,
    total('groups', before, after),
    ...measures.map((measure) => total(measure, before, after)),
  ]);
  return [`  ${paint.text(name, paint.theme.strong)}`, ...table(rows, paint).map((line) => `    ${line}`)];
}

function total(what: string, before: BucketTotals, after: BucketTotals): string {
  const of = (totals: BucketTotals) =>
    what === 'groups' ? count(totals.groups) : (totals.measures[what] ?? '0');
  return of(before) === of(after) ? `${what} ${of(after)}` : `${what} ${of(before)} -> ${of(after)}`;
}
