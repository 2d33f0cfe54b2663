import { setTimeout as delay } from 'node:timers/promises';
import { type DayboardError, toDayboardError } from '../project/errors.ts';
import { pauseAfter, TRIES } from '../project/passing.ts';
import { cancelled, isTransient, throwIfCancelled } from './errors.ts';

/** A try that failed and will be followed by another. */
export interface Retry {
  /** The failed try's number, from 1. */
  attempt: number;
  /** Tries in all. */
  tries: number;
  /** Until the next one. */
  seconds: number;
  /** Why it failed, in a sentence. */
  reason: string;
}

/** What a log says of it: 'try 2 of 3 in 0.4 s, after: …'. */
export function retryText({ attempt, tries, seconds, reason }: Retry): string {
  return `try ${attempt + 1} of ${tries} in ${seconds.toFixed(1)} s, after: ${reason}`;
}

export interface RetryPolicy {
  /** Tries in all, default 3. */
  tries?: number;
  /** The pause after the first failed try, in milliseconds; it doubles with each and is shortened by chance. */
  delayMs?: number;
  signal?: AbortSignal | undefined;
  onRetry?: ((retry: Retry) => void) | undefined;
}

const DELAY_MS = 250;
/** No pause is longer, in milliseconds. */
const LONGEST_MS = 30_000;

/** Does `work` until it succeeds, its failure is one that stays, or all tries are used up. */
export async function retrying<T>(work: () => Promise<T>, policy: RetryPolicy): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    throwIfCancelled(policy.signal);
    try {
      return await work();
    } catch (thrown) {
      await pauseOrThrow(toDayboardError(thrown), attempt, policy);
    }
  }
}

/** Waits before the next try, or throws the error when there must be none. `attempt` is the failed one's number. */
export async function pauseOrThrow(
  error: DayboardError,
  attempt: number,
  policy: RetryPolicy,
): Promise<void> {
  const { tries = TRIES, delayMs = DELAY_MS, signal, onRetry } = policy;
  throwIfCancelled(signal);
  if (attempt >= tries || !isTransient(error)) throw attempt === 1 ? error : error.with({ tries: attempt });
  const pause = pauseAfter(attempt, { least: delayMs, most: LONGEST_MS, factor: 2 });
  onRetry?.({ attempt, tries, seconds: pause / 1000, reason: error.message });
  try {
    await delay(pause, undefined, signal === undefined ? {} : { signal });
  } catch {
    throw signal === undefined ? error : cancelled(signal);
  }
}
