import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isWithin } from './within.ts';
import type { Client, DatabaseError } from 'pg';
import { type Extended, send, transactionStatus } from './connection.ts';
import type { DescribeContext } from './output/describe-context.ts';
import { DEFAULT_PRINT_SETTINGS, type PrintSettings, type ResultTable } from './output/result.ts';
import {
  type ServerMessage,
  serverMessageText,
  type ShowContext,
  type Verbosity,
} from './output/server-message.ts';
import { QueryOutput } from './query-output.ts';
import type { Lookup } from './scan/lookup.ts';
import type { Ending } from './reading.ts';
import type { SourceReader } from './source-reader.ts';
import { Variables } from './variables.ts';

/** What a script is run with. */
export interface SessionOptions {
  /** Connected, and the script's alone: what it sets stays set. */
  client: Client;
  /** Where relative paths begin. */
  directory: string;
  /** Files of the script are read and written here and below only; without it anywhere. */
  root?: string;
  env: Readonly<Record<string, string | undefined>>;
  stdout: (data: string | Buffer) => void;
  stderr: (text: string) => void;
  /** What `\copy … from pstdin` reads. */
  stdin: () => AsyncIterable<Buffer>;
  /** Nothing more is begun once it is aborted; what is at work ends by itself, or by whoever cancels it at the server. */
  signal?: AbortSignal;
  /** Why a statement is not to be sent; undefined lets it through. */
  refuse?: (statement: string) => string | undefined;
  /** Told before a statement is sent, when its result is there, and with each piece of a file that is copied. */
  onProgress?: (progress: ScriptProgress) => void;
  /** Told how many rows each result tells of. */
  onRows?: (rows: number) => void;
  /** Told of each error, the server's and our own. */
  onFailure?: (failure: ScriptFailure) => void;
}

/** An error in a script, and where. */
export interface ScriptFailure {
  file: string;
  line: number;
  message: string;
  sqlState?: string;
}

/** A line of a script. */
export interface ScriptPlace {
  file: string;
  line: number;
}

/** Where a running script is. */
export interface ScriptProgress {
  file: string;
  line: number;
  /** How many statements were sent, this one included. */
  statement: number;
  text: string;
  /** Rows that its results told of so far. */
  rows: number;
  /** Of the file that is copied. */
  bytes?: number;
  totalBytes?: number;
}

/** How the next statement that is sent is treated; `\g` and its relatives set it. */
export interface Sending {
  file?: string;
  settings?: PrintSettings;
  gset?: string;
  gexec?: boolean;
  gdesc?: boolean;
  crosstab?: string[];
  /** Parameters, or a name, of a statement that is prepared. */
  extended?: Extended;
  /** The title of a statement that is run by `\watch`. */
  watched?: string;
}

/** Everything that a running script changes: one session of psql. */
export class Session {
  readonly client: Client;
  readonly options: SessionOptions;
  readonly variables = new Variables();
  readonly output: QueryOutput;
  settings: PrintSettings = DEFAULT_PRINT_SETTINGS;
  directory: string;
  timing = false;
  /** Runs a file that is included. */
  include: (name: string, bytes: Buffer) => Promise<Ending> = async () => 'end';
  sending: Sending = {};
  lastError: { error: DatabaseError; statement: string } | undefined;
  /** The file that is read, innermost. */
  source: SourceReader | undefined;
  /** What LISTEN brought, shown after the statement that it came with. */
  notifications: string[] = [];
  database = '';
  /** standard_conforming_strings of the session: the server tells when it changes. */
  standardStrings = true;
  serverVersion = 0;
  /** The first thing that was not begun because the script is to stop. */
  stoppedAt: ScriptPlace | undefined;
  /** Where the transaction that is open was begun, by the script itself. */
  transactionSince: ScriptPlace | undefined;
  #progress: ScriptProgress = { file: '', line: 0, statement: 0, text: '', rows: 0 };

  constructor(options: SessionOptions) {
    this.options = options;
    this.client = options.client;
    this.directory = options.directory;
    this.output = new QueryOutput(options.stdout);
  }

  /** Tells that a statement is about to be sent. */
  begins(text: string): void {
    const { statement } = this.#progress;
    this.tell({ ...this.#here, statement: statement + 1, text, rows: 0 });
  }

  /** Notes whether the statement that ended left a transaction open. */
  ended(): void {
    this.transactionSince =
      this.inTransaction || this.failedTransaction ? (this.transactionSince ?? this.#here) : undefined;
  }

  /** Whether nothing more may be begun: asked before each statement and command. Notes where that was. */
  stops(): boolean {
    if (this.isCancelled) this.stoppedAt ??= this.#here;
    return this.isCancelled;
  }

  /** Tells more of the statement that is at work. */
  tell(progress: Partial<ScriptProgress>): void {
    this.#progress = { ...this.#progress, ...progress };
    if (progress.statement !== undefined) {
      delete this.#progress.bytes;
      delete this.#progress.totalBytes;
    }
    this.options.onProgress?.(this.#progress);
  }

  /** Tells of a result by its tag: 'INSERT 0 12'. */
  tellResult(tag: string): void {
    const rows = Number(/ (\d+)$/.exec(tag)?.[1] ?? 0);
    if (rows === 0) return;
    this.options.onRows?.(rows);
    this.tell({ rows: this.#progress.rows + rows });
  }

  /** Tells of an error where the script is. */
  fails(message: string, sqlState?: string): void {
    this.options.onFailure?.({ ...this.#here, message, ...(sqlState === undefined ? {} : { sqlState }) });
  }

  get #here(): ScriptPlace {
    const { name = '', line = 0 } = this.source ?? {};
    return { file: name, line };
  }

  get isCancelled(): boolean {
    return this.options.signal?.aborted === true;
  }

  get quiet(): boolean {
    return this.variables.isOn('QUIET');
  }

  /** A file's path. Throws for one outside of the root, also by way of a symbolic link. */
  path(name: string): string {
    const path = resolve(this.directory, name);
    const { root } = this.options;
    if (root !== undefined && !isWithin(path, root)) {
      throw new Error(`lies outside of ${root}, where this script may read and write`);
    }
    return path;
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  /** `psql:FILE:LINE: `, where a file is read. */
  get #place(): string {
    return this.source === undefined ? '' : `psql:${this.source.name}:${this.source.line}: `;
  }

  error(message: string): void {
    this.fails(message);
    this.options.stderr(`${this.#place === '' ? 'psql: ' : this.#place}error: ${message}\n`);
  }

  warning(message: string): void {
    this.options.stderr(`${this.#place === '' ? 'psql: ' : this.#place}warning: ${message}\n`);
  }

  /** A line without a word on how bad it is. */
  info(text: string): void {
    this.options.stderr(`${this.#place}${text.endsWith('\n') ? text : `${text}\n`}`);
  }

  messageText(message: ServerMessage, isError: boolean, statement?: string): string {
    return serverMessageText(message, {
      verbosity: this.variables.word('VERBOSITY') as Verbosity,
      showContext: this.variables.word('SHOW_CONTEXT') as ShowContext,
      isError,
      statement,
    });
  }

  /** Variables as the scanner puts them in; none in a branch that is passed over. */
  lookup(active: () => boolean): Lookup {
    return {
      value: (name, quoting) => {
        const value = active() ? this.variables.get(name) : undefined;
        if (value === undefined || quoting === 'plain') return value;
        return quoting === 'literal' ? this.client.escapeLiteral(value) : this.client.escapeIdentifier(value);
      },
      isSet: (name) => (active() ? this.variables.get(name) !== undefined : undefined),
      warn: (message) => this.warning(message),
    };
  }

  /** Runs a query of our own; rejects with the server's error. */
  async query(sql: string): Promise<ResultTable> {
    let table: ResultTable = { columns: [], rows: [] };
    const error = await send(this.client, sql, {
      onResult: (result) => {
        if (result.kind === 'rows') table = result.table;
      },
      copyIn: () => async () => undefined,
      onCopyOut: () => undefined,
      onCopyData: () => undefined,
    });
    if (error !== undefined) throw error;
    return table;
  }

  /** What describe commands need. */
  describing(): DescribeContext {
    return {
      query: (sql) => this.query(sql),
      serverVersion: this.serverVersion,
      database: this.database,
      settings: this.settings,
      quiet: this.quiet,
    };
  }

  get inTransaction(): boolean {
    return transactionStatus(this.client) === 'T';
  }

  get failedTransaction(): boolean {
    return transactionStatus(this.client) === 'E';
  }
}
