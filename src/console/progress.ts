import type { Progress } from '../plan/plan.ts';

/** Share of the bytes that are done, 0 to 1; undefined while the total is not known. */
export function shareOfProgress(progress: Progress | undefined): number | undefined {
  if (progress?.bytes === undefined || progress.totalBytes === undefined || progress.totalBytes <= 0)
    return undefined;
  return Math.max(0, Math.min(1, progress.bytes / progress.totalBytes));
}

/** What a step is at, and how far that is where it is measured: '45 % of index totals_day (1 of 2)'. */
export function phaseText({ phase, phaseShare }: Progress): string {
  if (phase === undefined) return '';
  return phaseShare === undefined ? phase : `${Math.floor(100 * phaseShare)} % of ${phase}`;
}

/** An estimate that was used up says nothing of the time left but this. */
export const OVERDUE = 'longer than usual';

export function isOverdue(left: { seconds: number; estimated: boolean }): boolean {
  return left.estimated && left.seconds <= 0;
}
