import { type DiffLine, diffLines } from '../../console/diff-lines.ts';
import type { DeliveryDiff } from '../../plan/diff.ts';
import type { Paint } from './paint.ts';

/** A difference for people, in colours. */
export function diffText(diff: DeliveryDiff, paint: Paint): string[] {
  const { theme } = paint;
  const styles: Record<DiffLine['kind'], string> = {
    head: '',
    plain: '',
    added: theme.good,
    removed: theme.bad,
    changed: theme.warn,
    rollup: theme.strong,
  };
  return [
    paint.text(`diff ${diff.dataset} ${diff.period}`, theme.heading),
    ...diffLines(diff).map(({ kind, text }) => `  ${paint.text(text, styles[kind])}`),
  ];
}
