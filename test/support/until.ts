import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `condition` gives something true, and gives that back. What it throws counts as "not yet". The
 * limit is for a condition that never comes, not a measure of speed.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: { what?: string; seconds?: number } = {},
): Promise<T> {
  const { what = condition.toString(), seconds = 30 } = options;
  const end = performance.now() + seconds * 1000;
  let last: unknown;
  while (performance.now() < end) {
    try {
      last = await condition();
      if (last) return last as T;
    } catch (error) {
      last = error;
    }
    await delay(10);
  }
  const seen = last instanceof Error ? last.message : String(last);
  throw new Error(`not within ${seconds} s: ${what} (last: ${seen})`);
}
