import type { Readable } from 'node:stream';
import type { SourceDatabase } from './postgres.ts';
import type { Dataset, Period, SourceObject } from '../project/model.ts';

/** An object found for a delivery. */
export interface ListedObject {
  dataset: string;
  period: Period;
  object: SourceObject;
}

/** The bytes of an object, or of a part of it: exactly as many as were asked for, or it fails. */
export interface SourceBody extends Readable {
  /** The MD5 of the whole object in hexadecimal, where the source vouches for it. */
  readonly md5?: string;
}

export interface OpenOptions {
  /** The first byte, 0 by default. */
  from?: number;
  /** The last byte, included; the object's last by default. */
  to?: number;
  signal?: AbortSignal;
}

/** From which period on a source need be looked at, by dataset: what lies before was seen and loaded. */
export type ListingFloors = ReadonlyMap<string, Period>;

/** The rows of a delivery on their way from a database, in the text format of COPY. */
export interface RowStream {
  /** The version that is read, as the snapshot has it: it may be newer than the one that was listed. */
  object: SourceObject;
  /** How many rows the source announces. */
  rows: number;
  /** Ends the source's connection when it ends, however it ends. */
  chunks: AsyncIterable<Buffer>;
  /** How many rows the source has sent, once the chunks have ended. */
  copied(): number;
  close(): void;
}

/** Where deliveries come from. All failures are DayboardErrors with codes 'source.…'. */
export interface Source {
  /** 'bucket at host' or the directory; never a secret. */
  readonly place: string;
  /** Only of sources that are databases: what else can be asked of one. */
  readonly database?: SourceDatabase;
  /**
   * Everything the source has for these datasets: one object per dataset and period (the last modified one when a
   * period has a plain and a compressed object). Pages through listings of any length; with `only`, what it has for
   * that one period, which is a look-up and no listing. A source that could look at less by it heeds `floors`.
   */
  list(
    datasets: readonly Dataset[],
    signal?: AbortSignal,
    only?: Period,
    floors?: ListingFloors,
  ): AsyncIterable<ListedObject>;
  /**
   * Only of sources that have rows and no bytes, whose deliveries are read while they are loaded: all rows of a
   * delivery as one snapshot has them, undefined when there are none.
   */
  rows?(dataset: Dataset, period: Period, signal: AbortSignal): Promise<RowStream | undefined>;
  /**
   * Opens bytes `from`..`to` (inclusive; whole when absent) of exactly this version of the object.
   * Fails with 'source.object-changed' when the ETag is another by now, 'source.object-missing' when it is gone.
   * Tries once: `readObject` tries again and goes on where it stopped.
   */
  open(object: SourceObject, options?: OpenOptions): Promise<SourceBody>;
  /** Fails with a DayboardError that says what is wrong with address, credentials, bucket or permission. */
  probe(signal?: AbortSignal): Promise<void>;
  close(): void;
}
