import type { Progress } from '../plan/plan.ts';

/** Share of the bytes that are done, 0 to 1; undefined while the total is not known. */
export function shareOfProgress(progress: Progress | undefined): number | undefined {
  if (progress?.bytes === undefined || progress.totalBytes === undefined || progress.totalBytes <= 0)
    return undefined;
  return Math.max(0, Math.min(1, progress.bytes / progress.totalBytes));
}
