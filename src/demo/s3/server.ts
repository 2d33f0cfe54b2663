import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DayboardError } from '../../project/errors.ts';
import type { Answer } from './answer.ts';
import { authenticate, type Keys } from './authenticate.ts';
import { openBody } from './body.ts';
import { INSTANCE_HEADER, refuseIfServed, removeClaim, writeClaim } from './claim.ts';
import { type Fault, type FaultRequest, type Faults, faultyBytes, untilOrGone } from './faults.ts';
import { randomName } from './files.ts';
import { replaceObject } from './objects.ts';
import { perform } from './operations.ts';
import { readRequest, type S3Request } from './request.ts';
import { cut, errorAnswer, errorDocument, send } from './send.ts';
import { Store } from './store.ts';

export interface S3ServerOptions {
  /** Holds everything; made when it is not there. One server at a time. */
  directory: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Default 'us-east-1'; signatures for another are refused. */
  region?: string;
  /** Default: a free one. */
  port?: number;
  /** For tests: what goes wrong with a request. */
  faults?: Faults;
}

export interface S3Server extends AsyncDisposable {
  /** 'http://127.0.0.1:PORT' */
  readonly endpoint: string;
  readonly port: number;
  /** Ends every connection; requests in flight are undone. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
/** Longer than clients keep idle connections, so none is closed in their face. */
const KEEP_ALIVE_MS = 60_000;

/**
 * A small S3 server on a directory, reachable from this machine only: AWS Signature Version 4 on every request;
 * buckets, objects, ranges, conditions, ListObjectsV2 and multipart uploads; anything else is refused with
 * NotImplemented. Fails with 'demo.s3-in-use' or 'demo.s3-port'.
 */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const { directory, accessKeyId, secretAccessKey, region = 'us-east-1', faults } = options;
  await refuseIfServed(directory);
  const store = await Store.open(directory);
  const service = new Service(store, { accessKeyId, secretAccessKey, region }, faults);
  const server = createServer((message, response) => service.handle(message, response, () => undefined));
  server.on('checkContinue', (message: IncomingMessage, response: ServerResponse) =>
    service.handle(message, response, () => response.writeContinue()),
  );
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.requestTimeout = 0;
  const port = await listen(server, options.port ?? 0);
  const endpoint = `http://${HOST}:${port}`;
  await writeClaim(directory, store.incoming, { endpoint, instance: service.instance });
  const close = async () => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    await service.idle();
    await removeClaim(directory);
  };
  return { endpoint, port, close, [Symbol.asyncDispose]: close };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) =>
      reject(
        new DayboardError({
          code: 'demo.s3-port',
          message: `The local S3 server cannot listen on ${HOST}:${port}: ${cause.message}.`,
          facts: { host: HOST, port },
          next: 'Nothing was changed. Choose another port, or none to have a free one found.',
          cause,
        }),
      );
    server.once('error', failed);
    server.listen(port, HOST, () => {
      server.off('error', failed);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Answers requests, and knows which are in flight. */
class Service {
  readonly instance = randomName();
  readonly #store: Store;
  readonly #keys: Keys;
  readonly #faults: Faults | undefined;
  readonly #running = new Set<Promise<void>>();

  constructor(store: Store, keys: Keys, faults: Faults | undefined) {
    this.#store = store;
    this.#keys = keys;
    this.#faults = faults;
  }

  handle(message: IncomingMessage, response: ServerResponse, start: () => void): void {
    const running = this.#answer(message, response, start).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Never rejects. */
  async #answer(message: IncomingMessage, response: ServerResponse, start: () => void): Promise<void> {
    const requestId = randomBytes(8).toString('hex').toUpperCase();
    response.setHeader('server', 'dayboard-s3');
    response.setHeader('x-amz-request-id', requestId);
    response.setHeader(INSTANCE_HEADER, this.instance);
    try {
      await this.#serve(message, response, start);
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy();
      else
        await send(response, errorAnswer(error, message.url ?? '/', requestId), undefined).catch(
          () => undefined,
        );
    }
  }

  async #serve(message: IncomingMessage, response: ServerResponse, start: () => void): Promise<void> {
    const request = readRequest(message);
    const payload = authenticate(request, this.#keys, Date.now());
    const fault = this.#faults?.(describe(request));
    if (fault?.kind === 'reset' && fault.after === undefined) return cut(response, true);
    if (fault?.kind === 'delay' && fault.after === undefined) await untilOrGone(fault.until, response);
    // The iterator must leave the connection alone when it is given up: the refusal still has to be sent.
    const body = openBody(request, payload, message.iterator({ destroyOnReturn: false }), start);
    const answer =
      fault?.kind === 'error'
        ? errorDocument(fault.status, fault.code, fault.message ?? fault.code)
        : await perform({ store: this.#store, region: this.#keys.region }, request, body);
    await send(response, answer, fault && this.#spoil(request, response, answer, fault));
  }

  #spoil(
    request: S3Request,
    response: ServerResponse,
    answer: Answer,
    fault: Fault,
  ): AsyncIterable<Buffer> | undefined {
    const { bucket, key } = request;
    if (!answer.body || (fault.kind === 'delay' && fault.after === undefined)) return undefined;
    return faultyBytes(answer.body, fault, response, async (content) => {
      if (bucket !== undefined && key !== undefined) {
        await replaceObject(this.#store, this.#store.bucket(bucket), key, content);
      }
    });
  }
}

function describe(request: S3Request): FaultRequest {
  const { method, bucket, key, headers, query } = request;
  return { method, bucket, key, range: headers.get('range'), query: Object.fromEntries(query) };
}
