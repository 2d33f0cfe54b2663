import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What a client sends at once and waits for: a statement, a piece of a COPY, its end, or the wish to connect. */
export interface Sent {
  kind: 'connect' | 'statement' | 'copy data' | 'copy end';
  /** The statement, as it is. */
  sql: string;
  /** A name that is the same in every run: the statement without its numbers, and how often it was sent before. */
  point: string;
  /** The server's process for this connection; 0 while it is made. */
  backend: number;
}

/**
 * What becomes of what was sent: it passes; the connection is reset before or after the server has it; or the server
 * gets SQL in its place that raises an error, so that its state is that of a server whose statement failed.
 */
export type Fate = 'pass' | 'reset before' | 'reset after' | 'reset all' | { raise: string; message: string };

export interface PostgresProxy extends AsyncDisposable {
  url: string;
}

/**
 * Stands between a client and PostgreSQL, understands what the client says, and asks for the fate of each thing it
 * sends. What is sent after it waits. Takes no TLS.
 */
export async function postgresProxy(
  url: string,
  decide: (sent: Sent) => Promise<Fate>,
): Promise<PostgresProxy> {
  const behind = new URL(url);
  const links = new Set<Link>();
  const seen = new Map<string, number>();
  const count = (label: string): string => {
    const times = (seen.get(label) ?? 0) + 1;
    seen.set(label, times);
    return `${label} · ${times}`;
  };
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: Number(behind.port), host: behind.hostname, noDelay: true });
    const link = new Link(near, far, async (sent) => {
      const fate = await decide({ ...sent, point: count(labelOf(sent)) });
      if (fate !== 'reset all') return fate;
      for (const each of links) each.reset();
      return 'reset before';
    });
    links.add(link);
    near.on('close', () => links.delete(link));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front = new URL(url);
  front.hostname = '127.0.0.1';
  front.port = String((server.address() as AddressInfo).port);
  return {
    url: front.href,
    [Symbol.asyncDispose]: async () => {
      for (const link of links) link.reset();
      server.close();
      await once(server, 'close');
    },
  };
}

function labelOf({ kind, sql }: Pick<Sent, 'kind' | 'sql'>): string {
  if (kind !== 'statement') return kind;
  return sql.replaceAll(/\s+/g, ' ').replaceAll(/\d+/g, '#').trim().slice(0, 160);
}

type Ask = (sent: Omit<Sent, 'point'>) => Promise<Fate>;

/** One connection: messages of the client one after another, bytes of the server as they come. */
class Link {
  private readonly near: Socket;
  private readonly far: Socket;
  private readonly ask: Ask;
  private pending = Buffer.alloc(0);
  private started = false;
  private backend = 0;
  private greeting: Buffer | undefined = Buffer.alloc(0);
  /** Messages of a statement with parameters, until its Sync. */
  private batch: Buffer[] = [];
  private batchSql = '';
  private turn: Promise<void> = Promise.resolve();

  constructor(near: Socket, far: Socket, ask: Ask) {
    this.near = near;
    this.far = far;
    this.ask = ask;
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.on('data', (chunk: Buffer) => {
      this.turn = this.turn.then(() => this.take(chunk));
    });
    near.on('end', () => {
      this.turn = this.turn.then(() => void far.end());
    });
    near.on('close', () => {
      this.turn = this.turn.then(() => void far.end());
    });
    far.on('data', (chunk: Buffer) => {
      this.findBackend(chunk);
      near.write(chunk);
    });
    far.on('close', () => near.end());
  }

  /** Both ends are gone at once; what the server was sent before, it still has. */
  reset(): void {
    this.near.resetAndDestroy();
    this.far.end();
  }

  /** The server says its process's number once, before it is ready. */
  private findBackend(chunk: Buffer): void {
    if (this.greeting === undefined) return;
    this.greeting = Buffer.concat([this.greeting, chunk]);
    for (let at = 0; at + 5 <= this.greeting.length; ) {
      const length = this.greeting.readInt32BE(at + 1);
      if (at + 1 + length > this.greeting.length) return;
      if (this.greeting[at] === 0x4b) {
        this.backend = this.greeting.readInt32BE(at + 5);
        this.greeting = undefined;
        return;
      }
      at += 1 + length;
    }
  }

  private async take(chunk: Buffer): Promise<void> {
    this.pending = this.pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.pending, chunk]);
    for (;;) {
      const head = this.started ? 1 : 0;
      if (this.pending.length < head + 4) return;
      const length = head + this.pending.readInt32BE(head);
      if (this.pending.length < length) return;
      const message = this.pending.subarray(0, length);
      this.pending = this.pending.subarray(length);
      await this.message(message);
    }
  }

  private async message(message: Buffer): Promise<void> {
    if (!this.started) {
      this.started = true;
      return this.judge('connect', '', message);
    }
    const type = String.fromCharCode(message[0] ?? 0);
    if (type === 'P' || this.batch.length > 0) {
      if (type === 'P') this.batchSql = textAfter(message, message.indexOf(0, 5) + 1);
      this.batch.push(message);
      if (type !== 'S') return;
      const whole = Buffer.concat(this.batch.splice(0));
      return this.judge('statement', this.batchSql, whole);
    }
    if (type === 'Q') return this.judge('statement', textAfter(message, 5), message);
    if (type === 'd') return this.judge('copy data', '', message);
    if (type === 'c') return this.judge('copy end', '', message);
    this.far.write(message);
  }

  private async judge(kind: Sent['kind'], sql: string, message: Buffer): Promise<void> {
    if (this.near.destroyed) return;
    const fate = await this.ask({ kind, sql, backend: this.backend });
    if (fate === 'reset before' || fate === 'reset all') this.reset();
    else if (fate === 'reset after') {
      this.far.write(message);
      this.reset();
    } else this.far.write(fate === 'pass' ? message : raising(message, fate));
  }
}

function textAfter(message: Buffer, from: number): string {
  return message.toString('utf8', from, message.indexOf(0, from));
}

/** The message with SQL in it that raises an error; one with parameters takes as many. */
function raising(message: Buffer, { raise, message: words }: { raise: string; message: string }): Buffer {
  if (message[0] === 0x51) {
    const sql = `DO $fault$ BEGIN RAISE EXCEPTION USING ERRCODE = '${raise}', MESSAGE = '${words}'; END $fault$`;
    return framed('Q', Buffer.from(`${sql}\0`));
  }
  const parseLength = 1 + message.readInt32BE(1);
  const rest = message.subarray(parseLength);
  const nameEnd = message.indexOf(0, 5) + 1;
  const parameters = countParameters(rest);
  const given = Array.from({ length: parameters }, (_, at) => `$${at + 1}::text`);
  const sql = `SELECT fault_injection.raise('${raise}', '${words}')${given.length === 0 ? '' : ` FROM (VALUES (${given.join(', ')})) AS given`}`;
  const parse = framed(
    'P',
    Buffer.concat([message.subarray(5, nameEnd), Buffer.from(`${sql}\0`), Buffer.from([0, 0])]),
  );
  return Buffer.concat([parse, rest]);
}

/** Of the Bind message behind a Parse. */
function countParameters(rest: Buffer): number {
  const portalEnd = rest.indexOf(0, 5) + 1;
  const statementEnd = rest.indexOf(0, portalEnd) + 1;
  const formats = rest.readInt16BE(statementEnd);
  return rest.readInt16BE(statementEnd + 2 + 2 * formats);
}

function framed(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** What `raise` of a statement with parameters needs at the server. */
export const RAISE_FUNCTION = `
  CREATE SCHEMA fault_injection;
  CREATE FUNCTION fault_injection.raise(code text, words text) RETURNS text LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION USING ERRCODE = code, MESSAGE = words; END $$;
  GRANT USAGE ON SCHEMA fault_injection TO PUBLIC`;
