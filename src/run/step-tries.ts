import { setTimeout as delay } from 'node:timers/promises';
import { passingFailure } from '../ledger/errors.ts';
import type { StepKind } from '../plan/plan.ts';
import { pauseAfter, TRIES } from '../project/passing.ts';
import { DayboardError, toDayboardError } from '../project/errors.ts';
import { isTransient } from '../source/errors.ts';
import type { Retry } from '../source/retry.ts';

/**
 * Steps that are done from the beginning by doing them again, and that nobody sees until another step has ended. The
 * others change what is published: after a failure it is the next run that looks at what there is.
 */
const REPEATED: ReadonlySet<StepKind> = new Set(['fetch', 'load', 'diff', 'check']);

const PAUSES = { least: 500, most: 10_000, factor: 3 };

export interface StepTries {
  kind: StepKind;
  /** Whether the run goes on and still has its locks: without them nothing may be tried. */
  mayGoOn: () => Promise<boolean>;
  onRetry: (retry: Retry) => void;
  signal: AbortSignal;
}

/** Does a step again whose connection was lost, or for which the server had no room. Its last failure is thrown as it is. */
export async function trying<T>(work: () => Promise<T>, tries: StepTries): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (attempt >= TRIES || !isPassing(tries.kind, thrown) || !(await tries.mayGoOn())) throw thrown;
      const pause = pauseAfter(attempt, PAUSES);
      tries.onRetry({
        attempt,
        tries: TRIES,
        seconds: pause / 1000,
        reason: toDayboardError(thrown).message,
      });
      await delay(pause, undefined, { signal: tries.signal }).catch(() => undefined);
      if (tries.signal.aborted) throw thrown;
    }
  }
}

function isPassing(kind: StepKind, thrown: unknown): boolean {
  if (!REPEATED.has(kind)) return false;
  // What is fetched is tried again where it is read, and goes on there from where it broke off.
  if (thrown instanceof DayboardError && thrown.code.startsWith('source.'))
    return kind === 'load' && isTransient(thrown);
  return passingFailure(thrown) !== undefined;
}
