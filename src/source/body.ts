import { Readable } from 'node:stream';
import type { DayboardError } from '../project/errors.ts';
import { cancelled } from './errors.ts';
import type { SourceBody } from './source.ts';

export interface BodyParts {
  /** The stream as it comes from network or disk. */
  from: Readable;
  /** How many bytes it must have. */
  length: number;
  md5?: string | undefined;
  signal?: AbortSignal | undefined;
  /** How long the source may send nothing while bytes are wanted, in milliseconds. */
  idleMs?: number | undefined;
  /** The error for a failure of `from`. */
  failure: (thrown: unknown) => DayboardError;
  /** The error for a transfer that ended early or went on too long. */
  interruption: (reason: string) => DayboardError;
  /** Looks once more when all bytes are there, and rejects when they must not be used. */
  atEnd?: () => Promise<void>;
}

/** A stream as a SourceBody: of the right length, failing with DayboardErrors, ended by its signal and by silence. */
export function sourceBody(parts: BodyParts): SourceBody {
  return new Body(parts);
}

class Body extends Readable implements SourceBody {
  readonly md5?: string;
  readonly #parts: BodyParts;
  #received = 0;
  #ended = false;
  #idle: NodeJS.Timeout | undefined;
  readonly #onAbort: () => void;

  constructor(parts: BodyParts) {
    super({ highWaterMark: 256 * 1024 });
    this.#parts = parts;
    if (parts.md5 !== undefined) this.md5 = parts.md5;
    const { from, signal } = parts;
    // A failure before somebody reads is met by who reads, and must not end the process.
    this.on('error', () => undefined);
    from.pause();
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.on('end', () => void this.#finish());
    from.on('error', (thrown) => this.destroy(parts.failure(thrown)));
    from.on('close', () => this.#closed());
    if (from.destroyed) this.#closed();
    this.#onAbort = () => signal !== undefined && this.destroy(cancelled(signal));
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  override _read(): void {
    const { idleMs, from } = this.#parts;
    if (this.#ended) return;
    if (idleMs !== undefined) {
      // Only while bytes are wanted: a reader that takes its time is no silence of the source.
      this.#idle ??= setTimeout(() => this.#silence(), idleMs);
      this.#idle.refresh();
    }
    from.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stopClock();
    this.#parts.signal?.removeEventListener('abort', this.#onAbort);
    this.#parts.from.destroy();
    done(error);
  }

  #take(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > this.#parts.length) {
      this.destroy(this.#parts.interruption(`more than ${this.#parts.length} bytes came`));
      return;
    }
    this.#idle?.refresh();
    if (!this.push(chunk)) this.#parts.from.pause();
  }

  #silence(): void {
    if (this.#parts.from.isPaused()) return;
    this.destroy(this.#parts.interruption(`nothing came for ${(this.#parts.idleMs ?? 0) / 1000} s`));
  }

  #stopClock(): void {
    this.#ended = true;
    clearTimeout(this.#idle);
  }

  async #finish(): Promise<void> {
    this.#stopClock();
    if (this.#isShort()) return;
    try {
      await this.#parts.atEnd?.();
      this.push(null);
    } catch (thrown) {
      this.destroy(this.#parts.failure(thrown));
    }
  }

  #closed(): void {
    // After an end this finds nothing; without one the connection was lost without an error.
    if (!this.#parts.from.readableEnded && !this.destroyed) this.#isShort();
  }

  #isShort(): boolean {
    const { length, interruption } = this.#parts;
    if (this.#received === length) return false;
    this.destroy(interruption(`${this.#received} of ${length} bytes came`));
    return true;
  }
}
