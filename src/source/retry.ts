import { setTimeout as delay } from 'node:timers/promises';
import { type DayboardError, toDayboardError } from '../project/errors.ts';
import { cancelled, isTransient, throwIfCancelled } from './errors.ts';

/** A try that failed and will be followed by another. */
export interface Retry {
  /** The failed try's number, from 1. */
  attempt: number;
  /** Why it failed, in a sentence. */
  reason: string;
}

export interface RetryPolicy {
  /** Tries in all, default 3. */
  tries?: number;
  /** The pause after the first failed try, in milliseconds; it doubles with each and is shortened by chance. */
  delayMs?: number;
  signal?: AbortSignal | undefined;
  onRetry?: ((retry: Retry) => void) | undefined;
}

const TRIES = 3;
const DELAY_MS = 250;

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
  if (attempt >= tries || !isTransient(error)) throw error;
  onRetry?.({ attempt, reason: error.message });
  // By chance, so that all who were turned away together do not come back together.
  const pause = delayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
  try {
    await delay(pause, undefined, signal === undefined ? {} : { signal });
  } catch {
    throw signal === undefined ? error : cancelled(signal);
  }
}
