import type { Progress } from '../plan/plan.ts';

/** Below this many seconds a rate says nothing yet. */
const SETTLED = 0.5;

/**
 * Time left of a step: from its own rate when it knows how many bytes there are, else from past runs (marked as
 * estimated). Empty when neither says anything.
 */
export function etaSeconds(
  progress: Progress,
  elapsed: number,
  median: number | undefined,
): Pick<Progress, 'etaSeconds' | 'estimated'> {
  const { bytes, totalBytes } = progress;
  if (bytes !== undefined && totalBytes !== undefined && bytes > 0 && elapsed >= SETTLED) {
    return { etaSeconds: Math.max(0, ((totalBytes - bytes) / bytes) * elapsed) };
  }
  return median === undefined ? {} : { etaSeconds: Math.max(0, median - elapsed), estimated: true };
}
