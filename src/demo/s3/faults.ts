import type { ServerResponse } from 'node:http';
import type { AnswerBody } from './answer.ts';

/** An authenticated request as the `faults` hook sees it. */
export interface FaultRequest {
  method: string;
  bucket: string | undefined;
  key: string | undefined;
  /** The Range header. */
  range: string | undefined;
  query: Readonly<Record<string, string>>;
}

/**
 * What goes wrong with one request, for tests of those who read from S3. Byte counts are of the answer's body.
 * - error: this status with an S3 error document; with status 200 the document stands where the data should be
 * - truncate: the connection ends after some bytes; Content-Length said more
 * - reset: a TCP reset, before any answer or after some bytes
 * - corrupt: one byte is wrong (in the middle unless `at` says), the length and all headers are right
 * - replace: after some bytes the object gets other content; this answer goes on with the old one, as at S3
 * - delay: nothing is answered (or no more than some bytes) until the promise settles or the client leaves
 */
export type Fault =
  | { kind: 'error'; status: number; code: string; message?: string }
  | { kind: 'truncate'; after: number }
  | { kind: 'reset'; after?: number }
  | { kind: 'corrupt'; at?: number }
  | { kind: 'replace'; after: number; body: string | Uint8Array }
  | { kind: 'delay'; until: Promise<unknown>; after?: number };

/** Called once for every authenticated request. */
export type Faults = (request: FaultRequest) => Fault | undefined;

/** The rest of the answer is not sent, on purpose. */
export class CutOff extends Error {
  override readonly name = 'CutOff';
  readonly reset: boolean;

  constructor(reset: boolean) {
    super('The connection is cut by a fault');
    this.reset = reset;
  }
}

/** The answer's bytes with the fault in them. `replace` puts other content under the request's key. */
export function faultyBytes(
  body: AnswerBody,
  fault: Fault,
  response: ServerResponse,
  replace: (content: string | Uint8Array) => Promise<void>,
): AsyncIterable<Buffer> {
  const bytes = body.open();
  switch (fault.kind) {
    case 'error':
      return bytes;
    case 'corrupt':
      return flipped(bytes, fault.at ?? Math.floor(body.size / 2));
    case 'truncate':
      return interrupted(bytes, fault.after, () => Promise.reject(new CutOff(false)));
    case 'reset':
      return interrupted(bytes, fault.after ?? 0, () => Promise.reject(new CutOff(true)));
    case 'replace':
      return interrupted(bytes, fault.after, () => replace(fault.body));
    case 'delay':
      return interrupted(bytes, fault.after ?? 0, () => untilOrGone(fault.until, response));
  }
}

/** Waits for the promise, or until the client has gone. */
export async function untilOrGone(until: Promise<unknown>, response: ServerResponse): Promise<void> {
  if (response.closed) return;
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    until.then(
      () => resolve(),
      () => resolve(),
    );
  });
}

/** Runs `then` when that many bytes have been handed on, or at the end of a shorter body. */
async function* interrupted(
  bytes: AsyncIterable<Buffer>,
  after: number,
  then: () => Promise<void>,
): AsyncGenerator<Buffer> {
  let left = after;
  let pending = true;
  for await (const piece of bytes) {
    if (!pending || piece.length < left) {
      left -= piece.length;
      yield piece;
      continue;
    }
    if (left > 0) yield piece.subarray(0, left);
    await then();
    pending = false;
    if (left < piece.length) yield piece.subarray(left);
  }
  if (pending) await then();
}

async function* flipped(bytes: AsyncIterable<Buffer>, at: number): AsyncGenerator<Buffer> {
  let offset = 0;
  for await (const piece of bytes) {
    const index = at - offset;
    offset += piece.length;
    if (index < 0 || index >= piece.length) {
      yield piece;
      continue;
    }
    const copy = Buffer.from(piece);
    copy.writeUInt8(copy.readUInt8(index) ^ 0x01, index);
    yield copy;
  }
}
