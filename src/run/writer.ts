import type { Queryable } from '../ledger/client.ts';
import { writeEvent } from '../ledger/runs.ts';
import type { RunEvent } from '../plan/events.ts';
import type { PlannedStep } from '../plan/plan.ts';
import { redacted } from '../project/redact.ts';

/** An event without what the writer adds to each. */
type Body<T> = T extends RunEvent ? Omit<T, 'schema' | 'run' | 'at'> : never;
export type EventBody = Body<RunEvent>;

/** At most this often is one step's progress written, in milliseconds. */
const PROGRESS_EVERY = 250;

/**
 * The one door through which a run tells what it does: to listeners in this process at once, and to the ledger (and
 * by NOTIFY to every other console) in order behind them.
 */
export class RunWriter {
  private seq = 0;
  private tail: Promise<void> = Promise.resolve();
  private failure: Error | undefined;
  private readonly lastProgress = new Map<number, number>();
  private readonly client: Queryable;
  private readonly project: string;
  private readonly run: string;
  private readonly listener: (event: RunEvent) => void;
  private readonly now: () => string;
  /** Called once when the ledger cannot be written any more. */
  private readonly onLost: (thrown: unknown) => void;

  constructor(parts: {
    client: Queryable;
    project: string;
    run: string;
    listener: (event: RunEvent) => void;
    now: () => string;
    onLost: (thrown: unknown) => void;
  }) {
    this.client = parts.client;
    this.project = parts.project;
    this.run = parts.run;
    this.listener = parts.listener;
    this.now = parts.now;
    this.onLost = parts.onLost;
  }

  /** @param shown what listeners in this process get instead */
  emit(body: EventBody, shown: EventBody = body): void {
    const about = { schema: 'dayboard.event/1', run: this.run, at: this.now() } as const;
    const told = { ...about, ...body } as RunEvent;
    if (told.type === 'step.progress' && !this.isDue(told.step.seq)) return;
    // Errors are redacted as they are made; notes may repeat what a server said.
    const event = told.type === 'step.note' ? redacted(told) : told;
    const seq = event.type === 'step.progress' ? this.seq : ++this.seq;
    this.listener(shown === body ? event : redacted({ ...about, ...shown }));
    this.tail = this.tail.then(async () => {
      if (this.failure !== undefined) return;
      try {
        await writeEvent(this.client, this.project, seq, event);
      } catch (thrown) {
        this.failure = thrown instanceof Error ? thrown : new Error(String(thrown));
        this.onLost(thrown);
      }
    });
  }

  private isDue(step: number): boolean {
    const now = Date.parse(this.now());
    if (now - (this.lastProgress.get(step) ?? Number.NEGATIVE_INFINITY) < PROGRESS_EVERY) return false;
    this.lastProgress.set(step, now);
    return true;
  }

  /** Resolves when everything emitted so far is written; rejects with what kept it from being written. */
  async flush(): Promise<void> {
    await this.tail;
    if (this.failure !== undefined) throw this.failure;
  }
}

/** A planned step as events name it. */
export function stepName(step: PlannedStep) {
  return {
    seq: step.seq,
    kind: step.kind,
    target: step.target,
    ...(step.period === undefined ? {} : { period: step.period }),
  };
}
