import { closeSync, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { type Command, fail } from '../commands/command.ts';
import { fileProblem } from '../file-problem.ts';
import type { CopySource } from '../connection.ts';
import { inlineCopyData } from '../copy-data.ts';
import { type CopyEnds, sendStatement } from '../execute.ts';
import type { Session } from '../session.ts';
import { type CopyRequest, parseCopy } from './parse.ts';

const PIECE = 256 * 1024;

/** `\copy`: a COPY whose data come from or go to a file on this side, in pieces. */
export const copyCommand: Command = async (invocation) => {
  const { session } = invocation;
  const request = parseCopy(invocation.line());
  if (typeof request === 'string') return fail(invocation, request);
  let file: number | undefined;
  try {
    file = openFile(session, request);
  } catch (error) {
    const name = request.end.kind === 'file' ? request.end.name : '';
    return fail(invocation, `${name}: ${fileProblem(error)}`);
  }
  const written = file === undefined || request.direction === 'from' ? undefined : new Written(session, file);
  try {
    const direction = request.direction === 'from' ? ' FROM STDIN ' : ' TO STDOUT ';
    const ok = await sendStatement(
      session,
      `COPY ${request.what}${direction}${request.options}`,
      ends(session, request, file, written),
    );
    written?.flush();
    return ok ? 'ok' : 'failed';
  } finally {
    if (file !== undefined) closeSync(file);
  }
};

function openFile(session: Session, { end, direction }: CopyRequest): number | undefined {
  if (end.kind !== 'file') return undefined;
  const path = session.path(end.name);
  if (direction === 'from' && statSync(path).isDirectory()) {
    throw new Error('cannot copy from/to a directory');
  }
  return openSync(path, direction === 'from' ? 'r' : 'w');
}

function ends(
  session: Session,
  { end, direction }: CopyRequest,
  file: number | undefined,
  written: Written | undefined,
): CopyEnds {
  if (direction === 'from') {
    if (file !== undefined) return { source: piecesOf(session, file) };
    return { source: end.kind === 'inline' ? inlineCopyData(session) : streamed(session.options.stdin()) };
  }
  if (written !== undefined) return { sink: (chunk) => written.add(chunk), counted: true };
  if (end.kind === 'inline') return {};
  return { sink: (chunk) => session.options.stdout(chunk), counted: session.output.redirected };
}

function piecesOf(session: Session, file: number): CopySource {
  const totalBytes = fstatSync(file).size;
  let bytes = 0;
  return async () => {
    const piece = Buffer.allocUnsafe(PIECE);
    const length = readSync(file, piece, 0, PIECE, null);
    bytes += length;
    // A pipe has no size.
    session.tell(totalBytes > 0 ? { bytes, totalBytes } : { bytes });
    return length === 0 ? undefined : piece.subarray(0, length);
  };
}

/** A file that is written in pieces: the server sends each row by itself, in memory that it uses again. */
class Written {
  readonly #session: Session;
  readonly #file: number;
  readonly #waiting = Buffer.allocUnsafe(PIECE);
  #length = 0;
  #bytes = 0;

  constructor(session: Session, file: number) {
    this.#session = session;
    this.#file = file;
  }

  add(chunk: Buffer): void {
    if (this.#length + chunk.length > PIECE) this.flush();
    if (chunk.length > PIECE) this.#write(chunk);
    else this.#length += chunk.copy(this.#waiting, this.#length);
  }

  flush(): void {
    this.#write(this.#waiting.subarray(0, this.#length));
    this.#length = 0;
  }

  #write(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) at += writeSync(this.#file, piece, at);
    this.#bytes += piece.length;
    this.#session.tell({ bytes: this.#bytes });
  }
}

function streamed(stream: AsyncIterable<Buffer>): CopySource {
  const iterator = stream[Symbol.asyncIterator]();
  return async () => {
    const next = await iterator.next();
    return next.done === true ? undefined : next.value;
  };
}
