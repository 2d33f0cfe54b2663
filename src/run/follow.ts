import type pg from 'pg';
import { aliveRuns } from '../ledger/locks.ts';
import { eventsAfter } from '../ledger/runs.ts';
import type { RunEvent } from '../plan/events.ts';
import type { LedgerHub } from './hub.ts';

/** How often a run's process is looked for while nothing is heard of it. */
const ALIVE_MILLISECONDS = 2_000;

/**
 * The events of a run: those already written, then each as it comes, until the run has ended (or its process is
 * gone, or the signal aborts). Progress is passed on only while it is live.
 */
export async function* followRun(
  pool: pg.Pool,
  hub: LedgerHub,
  project: string,
  run: string,
  signal?: AbortSignal,
): AsyncIterable<RunEvent> {
  const progress: RunEvent[] = [];
  let wake: () => void = () => undefined;
  const unwatch = hub.watch((change) => {
    if (change.kind === 'event' && change.event.run === run && change.event.type === 'step.progress')
      progress.push(change.event);
    wake();
  });
  signal?.addEventListener('abort', () => wake());
  let seq = 0;
  try {
    while (signal?.aborted !== true) {
      // Armed before reading, so that what comes in between is not slept through.
      const woken = new Promise<void>((resolve) => (wake = resolve));
      const alive = (await aliveRuns(pool, project)).includes(run);
      const written = await eventsAfter(pool, run, seq);
      for (const each of written) {
        seq = each.seq;
        yield each.event;
        if (each.event.type === 'run.done') return;
      }
      yield* progress.splice(0);
      if (!alive && written.length === 0) return;
      await Promise.race([woken, later(ALIVE_MILLISECONDS)]);
    }
  } finally {
    unwatch();
  }
}

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
