import type { Client, Connection, DatabaseError } from 'pg';
import type { ResultTable } from './output/result.ts';

/** One result of what was sent: rows with the command's tag, or the tag alone. */
export type Result =
  | { kind: 'rows'; table: ResultTable; tag: string }
  | { kind: 'command'; tag: string }
  | { kind: 'empty' };

/** Bytes for COPY FROM STDIN, one piece at a time; undefined at their end. */
export type CopySource = () => Promise<Buffer | undefined>;

export interface Handlers {
  onResult(result: Result): void;
  /** Called when the server asks for the data of a COPY. */
  copyIn(): CopySource;
  /** Called when a COPY is about to send data, and with each piece of them. */
  onCopyOut(): void;
  onCopyData(chunk: Buffer): void;
}

/** A statement with parameters apart from its text, as `\bind`, `\parse` and their relatives send it. */
export type Extended =
  | { kind: 'bind'; values: readonly string[] }
  | { kind: 'parse'; name: string }
  | { kind: 'bind named'; name: string; values: readonly string[] }
  | { kind: 'close'; name: string };

/** Where the session stands: no transaction, in one, or in one that failed. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** What pg's connection can do beyond its published types. */
interface Wire extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

interface RowDescription {
  fields: ReadonlyArray<{ name: string; dataTypeID: number; dataTypeModifier: number }>;
}

/**
 * Sends text as psql does, through the simple protocol: several statements go together, and each result is told as it comes.
 * Resolves with the server's error, or undefined, when the session is ready for more; rejects when the connection is lost, or
 * with what a handler threw.
 */
export async function send(
  client: Client,
  text: string,
  handlers: Handlers,
  extended?: Extended,
): Promise<DatabaseError | undefined> {
  const query = new Sent(text, handlers, extended);
  client.query(query);
  await query.done;
  if (query.lost !== undefined) throw query.lost;
  if (query.failure !== undefined) throw query.failure.reason;
  return query.error;
}

export function transactionStatus(client: Client): TransactionStatus {
  const status = client.getTransactionStatus();
  return status === 'T' || status === 'E' ? status : 'I';
}

/** A statement's columns before it is run, or the server's error. */
export async function describeStatement(
  client: Client,
  text: string,
): Promise<{ columns: RowDescription['fields'] } | { error: DatabaseError }> {
  const query = new Sent(
    text,
    { onResult: () => undefined, copyIn: noCopy, onCopyOut: () => undefined, onCopyData: () => undefined },
    'describe',
  );
  client.query(query);
  await query.done;
  if (query.lost !== undefined) throw query.lost;
  return query.error === undefined ? { columns: query.described } : { error: query.error };
}

function noCopy(): CopySource {
  return async () => undefined;
}

class Sent {
  readonly done: Promise<void>;
  error: DatabaseError | undefined;
  /** The connection ended. */
  lost: Error | undefined;
  /** What a handler threw first: pg's parser calls them, where it would end the process. */
  failure: { reason: unknown } | undefined;
  described: RowDescription['fields'] = [];
  readonly #text: string;
  readonly #handlers: Handlers;
  readonly #extended: Extended | 'describe' | undefined;
  #finish: () => void = () => undefined;
  #columns: ResultTable['columns'] | undefined;
  #rows: Array<Array<string | null>> = [];
  #wire: Wire | undefined;
  readonly #onCopyOut = (): void => this.#guarded(() => this.#handlers.onCopyOut());

  constructor(text: string, handlers: Handlers, extended?: Extended | 'describe') {
    this.#text = text;
    this.#handlers = handlers;
    this.#extended = extended;
    this.done = new Promise((resolve) => {
      this.#finish = () => {
        this.#wire?.off('copyOutResponse', this.#onCopyOut);
        resolve();
      };
    });
  }

  // Named by pg, which calls them: this class is what it calls a submittable.
  submit(connection: Connection): void {
    this.#wire = connection as Wire;
    const extended = this.#extended;
    if (extended === undefined) {
      // pg has no handler for it: its event is listened to as long as this query runs.
      connection.on('copyOutResponse', this.#onCopyOut);
      connection.query(this.#text);
      return;
    }
    if (extended === 'describe') {
      connection.parse({ name: '', text: this.#text, types: [] }, true);
      connection.describe({ type: 'S', name: '' }, true);
    } else this.#submitExtended(connection, extended);
    connection.sync();
  }

  #submitExtended(connection: Connection, extended: Extended): void {
    if (extended.kind === 'close') connection.close({ type: 'S', name: extended.name }, true);
    if (extended.kind === 'parse')
      connection.parse({ name: extended.name, text: this.#text, types: [] }, true);
    if (extended.kind === 'bind') connection.parse({ name: '', text: this.#text, types: [] }, true);
    if (extended.kind !== 'bind' && extended.kind !== 'bind named') return;
    const statement = extended.kind === 'bind' ? '' : extended.name;
    connection.bind({ statement, values: [...extended.values] }, true);
    connection.describe({ type: 'P', name: '' }, true);
    connection.execute({ portal: '', rows: '0' }, true);
  }

  handleRowDescription({ fields }: RowDescription): void {
    this.described = fields;
    this.#columns = fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID }));
    this.#rows = [];
  }

  handleDataRow({ fields }: { fields: Array<string | null> }): void {
    this.#rows.push(fields);
  }

  handleCommandComplete({ text }: { text: string }): void {
    const columns = this.#columns;
    const table = columns === undefined ? undefined : { columns, rows: this.#rows };
    const result: Result =
      table === undefined ? { kind: 'command', tag: text } : { kind: 'rows', table, tag: text };
    this.#guarded(() => this.#handlers.onResult(result));
    this.#columns = undefined;
    this.#rows = [];
  }

  handleEmptyQuery(): void {
    this.#guarded(() => this.#handlers.onResult({ kind: 'empty' }));
  }

  handlePortalSuspended(): void {}

  handleCopyInResponse(): void {
    const wire = this.#wire;
    if (wire === undefined) return;
    void this.#feed(wire, this.#handlers.copyIn());
  }

  async #feed(wire: Wire, source: CopySource): Promise<void> {
    try {
      for (let chunk = await source(); chunk !== undefined; chunk = await source()) {
        wire.sendCopyFromChunk(chunk);
        if (wire.stream.writableNeedDrain) await drained(wire);
      }
      wire.endCopyFrom();
    } catch (thrown) {
      wire.sendCopyFail(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    // The parser reuses its buffer.
    this.#guarded(() => this.#handlers.onCopyData(Buffer.from(chunk)));
  }

  #guarded(work: () => void): void {
    if (this.failure !== undefined) return;
    try {
      work();
    } catch (reason) {
      this.failure = { reason };
    }
  }

  handleReadyForQuery(): void {
    this.#finish();
  }

  /** pg drops a query at its error; the session is ready only when it says so. */
  handleError(error: Error): void {
    const wire = this.#wire;
    if (wire === undefined || !isDatabaseError(error)) {
      this.lost = error;
      this.#finish();
      return;
    }
    this.error = error;
    wire.once('readyForQuery', () => this.#finish());
    wire.stream.once('close', () => this.#finish());
  }
}

/** Leaves no listener behind: a large file waits thousands of times. */
function drained({ stream }: Wire): Promise<void> {
  return new Promise((resolve) => {
    const goOn = (): void => {
      stream.off('drain', goOn);
      stream.off('close', goOn);
      resolve();
    };
    stream.on('drain', goOn);
    stream.on('close', goOn);
  });
}

function isDatabaseError(error: Error): error is DatabaseError {
  return 'severity' in error && 'code' in error;
}
