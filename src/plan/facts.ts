import type { ErrorValue } from '../project/errors.ts';
import type { Period, SourceObject } from '../project/model.ts';
import type { Progress, StepKind } from './plan.ts';

/** What the ledger knows of one delivery; everything that its state and its plan are decided from. */
export interface DeliveryFacts {
  dataset: string;
  period: Period;
  /** The current version, when one is published. */
  version?: {
    version: number;
    key: string;
    etag: string;
    rows: number;
    rulesHash: string;
    findings: Array<{ guard: string; message: string }>;
    /** Rows of it that were given up are needed again. */
    lacks?: true;
    /** RFC 3339. */
    publishedAt: string;
    run?: string;
  };
  /** The newest version that was taken back, when it is newer than the current one. */
  undone?: { version: number; key: string; etag: string; at: string; by: string };
  /** What the last listing saw. */
  object?: SourceObject & { fetchedEtag?: string; firstSeen: string };
  /** The last attempt that ended in failure or is running; cancelled ones leave no trace here. */
  attempt?: {
    run: string;
    kind: StepKind;
    state: 'failed' | 'running' | 'queued';
    at: string;
    /** Who started the run, 'ann on bastion', and when. */
    by?: string;
    runSince?: string;
    /** The ETag it was about, when it got that far. */
    etag?: string;
    error?: ErrorValue;
    progress?: Progress;
  };
}

/** Key of a delivery in maps. */
export function deliveryKey(dataset: string, period: Period): string {
  return `${dataset}\u0000${period}`;
}
