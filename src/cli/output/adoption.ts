import { bytes, count, plural } from '../../console/format.ts';
import type {
  Adoption,
  Obstacle,
  RollupAdoption,
  RowDifference,
  TableAdoption,
} from '../../plan/adoption.ts';
import type { Paint } from './paint.ts';
import { table } from './table.ts';

/** What adopting would do, or did, for people. */
export function adoptionText(adoption: Adoption, paint: Paint): string[] {
  return adoption.kind === 'dataset' ? tableText(adoption, paint) : rollupText(adoption, paint);
}

const STATE: Record<TableAdoption['state'], string> = {
  none: 'not begun',
  copying: 'being copied',
  copied: 'copied and compared; the original is in use',
  switched: 'switched; the original can still be restored',
  finished: 'taken over',
  returned: 'taken back; what was made is still to be dropped',
};

function tableText(adoption: TableAdoption, paint: Paint): string[] {
  const { theme } = paint;
  const size = `about ${count(adoption.rows)} rows, ${bytes(adoption.bytes)}, owner ${adoption.owner}`;
  const steps = adoption.steps.map(({ step, does, done }) => [
    { text: done ? theme.glyphs.verdict.pass : ' ', style: theme.good },
    { text: step, style: theme.strong },
    does,
  ]);
  return [
    `${paint.text(adoption.relation, theme.strong)} ${paint.text(`(${size}): ${STATE[adoption.state]}`)}`,
    ...(adoption.state === 'finished' ? [] : table(steps, paint).map((line) => `  ${line}`)),
    ...viewLines(adoption.views, paint),
    ...(adoption.state === 'finished' ? [] : noteLines(adoption.notes, paint)),
    ...obstacleLines(adoption.obstacles, paint),
  ];
}

function rollupText(adoption: RollupAdoption, paint: Paint): string[] {
  const { theme } = paint;
  const what = `${adoption.what ?? 'relation'}, owner ${adoption.owner ?? ''}`;
  if (adoption.replaced)
    return [
      `${paint.text(adoption.relation, theme.strong)} ${paint.text(`was replaced by the rollup ${adoption.name}`)}`,
    ];
  return [
    `${paint.text(adoption.relation, theme.strong)} ${paint.text(`(${what}) would be replaced by the rollup ${adoption.name}`)}`,
    ...comparisonLines(adoption, paint),
    ...viewLines(adoption.views, paint),
    ...noteLines(adoption.notes, paint),
    ...obstacleLines(adoption.obstacles, paint),
  ];
}

function comparisonLines({ comparison }: RollupAdoption, paint: Paint): string[] {
  if (comparison === undefined) return [];
  const { changed, onlyThere, onlyRollup, rowsThere, rowsRollup, samples } = comparison;
  const rows = `${plural(rowsThere, 'row')} there, ${count(rowsRollup)} in the rollup`;
  if (changed + onlyThere + onlyRollup === 0) return [paint.text(`  ${rows}: the same`)];
  return [
    paint.text(
      `  ${rows}: ${count(changed)} differ, ${count(onlyThere)} only there, ${count(onlyRollup)} only in the rollup`,
    ),
    ...samples.flatMap((sample) => sampleLines(sample, paint)),
  ];
}

function sampleLines({ there, rollup }: RowDifference, paint: Paint): string[] {
  const line = (label: string, row: RowDifference['there'], style: string) =>
    row === undefined
      ? []
      : [
          paint.text(
            `    ${label.padEnd(6)} ${Object.entries(row)
              .map(([name, value]) => `${name}=${value ?? 'NULL'}`)
              .join(' ')}`,
            style,
          ),
        ];
  return [...line('there', there, paint.theme.bad), ...line('rollup', rollup, paint.theme.good)];
}

function viewLines(views: readonly string[], paint: Paint): string[] {
  return views.length === 0 ? [] : [paint.text(`  Views that go on over the new one: ${views.join(', ')}`)];
}

function noteLines(notes: readonly string[], paint: Paint): string[] {
  return notes.flatMap((note) => paint.block(note, 2, paint.theme.muted));
}

function obstacleLines(obstacles: readonly Obstacle[], paint: Paint): string[] {
  if (obstacles.length === 0) return [];
  return [
    paint.text('  In the way:', paint.theme.bad),
    ...obstacles.flatMap(({ what, next }) => [
      ...paint.block(`- ${what}`, 4),
      ...paint.block(next, 6, paint.theme.muted),
    ]),
  ];
}
