import type { Readable } from 'node:stream';
import type { Dataset, Period, SourceObject } from '../project/model.ts';

/** An object found for a delivery. */
export interface ListedObject {
  dataset: string;
  period: Period;
  object: SourceObject;
}

/** Where deliveries come from. All failures are DayboardErrors with codes 'source.…'. */
export interface Source {
  /** 'bucket at host' or the directory; never a secret. */
  readonly place: string;
  /**
   * Everything the source has for these datasets: one object per dataset and period (the last modified one when a
   * period has a plain and a compressed object). Pages through listings of any length.
   */
  list(datasets: readonly Dataset[], signal?: AbortSignal): AsyncIterable<ListedObject>;
  /**
   * Opens bytes `from`..`to` (inclusive; whole when absent) of exactly this version of the object.
   * Fails with 'source.object-changed' when the ETag is another by now, 'source.object-missing' when it is gone.
   */
  open(object: SourceObject, options?: { from?: number; to?: number; signal?: AbortSignal }): Promise<Readable>;
  /** Fails with a DayboardError that says what is wrong with address, credentials, bucket or permission. */
  probe(signal?: AbortSignal): Promise<void>;
  close(): void;
}
