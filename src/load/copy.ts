import type { ClientBase } from 'pg';
import { type CopyStreamQuery, from as copyFrom } from 'pg-copy-streams';

export interface CopyIn {
  client: ClientBase;
  /** COPY … FROM STDIN. */
  sql: string;
  chunks: AsyncIterable<Buffer>;
  /** Closes what the chunks come from, so that a reader that waits for more stops waiting. */
  close: () => void;
  signal: AbortSignal;
}

/**
 * Streams bytes into a COPY, reading them only as fast as the server takes them, and returns the count of rows that
 * the server reports. Throws what failed first: the reader's error (the server is told to give up), the server's, or
 * the signal's reason. Afterwards the connection takes the next statement, unless it is lost; a transaction around
 * the COPY has failed.
 */
export async function copyIn({ client, sql, chunks, close, signal }: CopyIn): Promise<number> {
  signal.throwIfAborted();
  const copy = new Copy(client.query(copyFrom(sql)));
  copy.onServerError = close;
  const abort = (): void => {
    copy.fail(signal.reason);
    close();
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    for await (const chunk of chunks) await copy.write(chunk);
    return await copy.end();
  } catch (thrown) {
    copy.fail(thrown);
    await copy.giveUp();
    throw copy.failure?.reason;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** A COPY stream whose first failure is kept, and whose waits end with it. */
class Copy {
  failure: { reason: unknown } | undefined;
  onServerError: (() => void) | undefined;
  /** True once there is nothing to give up: the server has all data, or has failed. */
  private settled = false;
  /** Ends the wait that is on, if one is. */
  private wake: (() => void) | undefined;
  private readonly stream: CopyStreamQuery;
  /** Resolves when the server has answered that the COPY failed, or the connection is lost. */
  private readonly answered: Promise<void>;

  constructor(stream: CopyStreamQuery) {
    this.stream = stream;
    this.answered = new Promise((resolve) => {
      stream.on('error', (error: Error) => {
        const first = this.failure === undefined;
        this.settled = true;
        this.fail(error);
        resolve();
        if (first) this.onServerError?.();
      });
      stream.once('close', resolve);
    });
    stream.once('finish', () => this.wake?.());
  }

  /** Keeps the first reason and ends a wait. */
  fail(reason: unknown): void {
    this.failure ??= { reason };
    this.wake?.();
  }

  /**
   * Hands one chunk to the connection and waits until it takes more. Never two at once: pg-copy-streams 7 keeps the
   * rest of several in a list, and when the server fails meanwhile, it throws at the next 'drain', where nobody can
   * catch it.
   */
  async write(chunk: Buffer): Promise<void> {
    if (this.failure === undefined) {
      this.stream.write(chunk, () => this.wake?.());
      await this.wait();
    }
    if (this.failure !== undefined) throw this.failure.reason;
  }

  /** Ends the data, waits for the server's verdict, and gives its count of rows. */
  async end(): Promise<number> {
    if (this.failure === undefined) {
      this.settled = true;
      this.stream.end();
      await this.wait();
    }
    if (this.failure !== undefined) throw this.failure.reason;
    return this.stream.rowCount;
  }

  /** Makes the server fail the COPY, and waits until it has. Does nothing when the server failed or has all data. */
  async giveUp(): Promise<void> {
    if (this.settled) return;
    this.stream.destroy(new Error('dayboard gave up this COPY'));
    await this.answered;
  }

  private wait(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = undefined;
        resolve();
      };
    });
  }
}
