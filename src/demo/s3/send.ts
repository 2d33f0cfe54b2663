import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Answer, textAnswer } from './answer.ts';
import { S3Error } from './errors.ts';
import { CutOff } from './faults.ts';
import { xmlDocument } from './xml.ts';

/** Sends an answer, from `bytes` when they are not simply the body's own. Resolves when the client has it or left. */
export async function send(
  response: ServerResponse,
  answer: Answer,
  bytes: AsyncIterable<Buffer> | undefined,
): Promise<void> {
  const { body } = answer;
  try {
    const length = body?.size ?? (answer.status === 200 ? 0 : undefined);
    response.writeHead(answer.status, {
      ...answer.headers,
      ...(length === undefined ? {} : { 'content-length': length }),
    });
    if (body === undefined || response.req.method === 'HEAD') response.end();
    else if (bytes === undefined) await pipeline(body.open(), response);
    else await sendStepwise(response, bytes);
  } finally {
    await body?.close();
  }
}

/** Sends piece by piece, each out of our hands before the next is made: what a fault does then is exact. */
async function sendStepwise(response: ServerResponse, bytes: AsyncIterable<Buffer>): Promise<void> {
  response.flushHeaders();
  try {
    for await (const piece of bytes) await write(response, piece);
    response.end();
  } catch (error) {
    if (!(error instanceof CutOff)) throw error;
    cut(response, error.reset);
  }
}

function write(response: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    response.once('close', resolve);
    response.write(piece, (error) => {
      response.off('close', resolve);
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Ends the connection under an answer, cleanly for TCP or with a reset. */
export function cut(response: ServerResponse, reset: boolean): void {
  if (reset) response.socket?.resetAndDestroy();
  else response.socket?.destroySoon();
}

/** An error as S3 words it. What is no S3Error becomes an InternalError with its message. */
export function errorAnswer(error: unknown, resource: string, requestId: string): Answer {
  const known =
    error instanceof S3Error
      ? error
      : new S3Error('InternalError', { message: error instanceof Error ? error.message : String(error) });
  return errorDocument(
    known.status,
    known.code,
    known.message,
    { ...known.details, Resource: resource, RequestId: requestId },
    known.headers,
  );
}

export function errorDocument(
  status: number,
  code: string,
  message: string,
  details: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const document = xmlDocument(
    'Error',
    [['Code', code], ['Message', message], ...Object.entries(details)],
    false,
  );
  return textAnswer(status, document, headers);
}
