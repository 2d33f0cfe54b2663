import { DayboardError, type ErrorParts } from '../project/errors.ts';
import type { SourceObject } from '../project/model.ts';
import { tlsReason } from '../project/tls-reasons.ts';
import {
  cancelled,
  interrupted,
  objectChanged,
  objectFacts,
  objectMissing,
  printable,
  systemCode,
  UNCHANGED,
} from './errors.ts';

/** Where a failure happened. */
export interface S3Scene {
  place: string;
  endpoint: string;
  region: string;
  /** The one that was read; without it a listing failed. */
  object?: SourceObject | undefined;
  signal?: AbortSignal | undefined;
}

type Words = Pick<ErrorParts, 'code' | 'message' | 'next'>;

const CHECK_KEYS = `Check S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or the AWS profile in use. ${UNCHANGED}`;

/**
 * A failure of the S3 client as a DayboardError 'source.…'. Of what the server sent, only its code and message are
 * kept: its other fields hold signatures.
 */
export function s3Error(thrown: unknown, scene: S3Scene): DayboardError {
  if (thrown instanceof DayboardError) return thrown;
  if (scene.signal?.aborted) return cancelled(scene.signal);
  const code = systemCode(thrown) ?? '';
  const words =
    explainAnswer(answerOf(thrown), scene, thrown) ??
    explainNetwork(thrown, code, scene) ??
    unknownFailure(thrown, scene);
  return words instanceof DayboardError
    ? words
    : new DayboardError({ ...words, facts: factsOf(thrown, scene), cause: bare(thrown) });
}

interface Answer {
  /** The code of S3's error document: 'NoSuchKey'. */
  code: string;
  /** The HTTP status; 0 when nothing was answered. */
  status: number;
}

function answerOf(thrown: unknown): Answer {
  const error = (thrown ?? {}) as { name?: unknown; Code?: unknown; $metadata?: { httpStatusCode?: number } };
  const named = typeof error.Code === 'string' ? error.Code : error.name;
  return { code: typeof named === 'string' ? named : '', status: error.$metadata?.httpStatusCode ?? 0 };
}

/** The error without what the client hangs on it: request, response, signature. */
function bare(thrown: unknown): Error {
  const error = new Error(printable(thrown instanceof Error ? thrown.message : String(thrown)));
  error.name = thrown instanceof Error ? printable(thrown.name) : 'Error';
  return error;
}

function factsOf(thrown: unknown, scene: S3Scene): ErrorParts['facts'] {
  const { code, status } = answerOf(thrown);
  const reason = systemCode(thrown) ?? (code === 'TimeoutError' ? 'timeout' : undefined);
  return {
    ...(scene.object === undefined ? { place: scene.place } : objectFacts(scene.place, scene.object)),
    ...(status === 0 ? {} : { status, s3Code: printable(code) }),
    ...(reason === undefined ? {} : { reason: printable(reason) }),
  };
}

function explainAnswer(answer: Answer, scene: S3Scene, thrown: unknown): Words | DayboardError | undefined {
  const { place, object } = scene;
  switch (answer.code) {
    case 'NoSuchKey':
      return object && objectMissing(place, object, bare(thrown));
    case 'PreconditionFailed':
    case 'InvalidRange':
      return object && objectChanged(place, object, bare(thrown));
    case 'NoSuchBucket':
      return {
        code: 'source.bucket-missing',
        message: `There is no bucket ${place}.`,
        next: `Check S3_BUCKET_NAME and S3_ENDPOINT. ${UNCHANGED}`,
      };
    case 'InvalidObjectState':
      return {
        code: 'source.object-archived',
        message: `The object ${printable(object?.key ?? '')} in ${place} is archived and cannot be read now.`,
        next: `Restore it from the archive at the storage service, then try again. ${UNCHANGED}`,
      };
    case 'RequestTimeTooSkewed':
    case 'RequestExpired':
      return {
        code: 'source.clock',
        message: `${scene.endpoint} refused the request (${answer.code}): this machine's clock and the server's differ too much.`,
        next: `Set this machine's clock by NTP. ${UNCHANGED}`,
      };
    case 'AuthorizationHeaderMalformed':
    case 'PermanentRedirect':
    case 'IllegalLocationConstraintException':
      return wrongRegion(thrown, scene);
  }
  return explainCredentials(answer, scene) ?? explainStatus(answer, scene, thrown);
}

function explainCredentials({ code, status }: Answer, scene: S3Scene): Words | undefined {
  const credentials = (message: string, next = CHECK_KEYS): Words => ({
    code: 'source.credentials',
    message,
    next,
  });
  switch (code) {
    case 'InvalidAccessKeyId':
      return credentials(`${scene.endpoint} does not know the access key id (InvalidAccessKeyId).`);
    case 'SignatureDoesNotMatch':
      return credentials(
        `${scene.endpoint} refused the signature (SignatureDoesNotMatch): the secret access key is not the one of the access key id.`,
      );
    case 'ExpiredToken':
    case 'InvalidToken':
    case 'TokenRefreshRequired':
      return credentials(
        `The session's credentials are no longer valid (${code}).`,
        `Log in again. ${UNCHANGED}`,
      );
    case 'CredentialsProviderError':
      return credentials(
        'There are no credentials for S3: neither variables nor an AWS profile nor a role of this machine.',
        `Set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY. ${UNCHANGED}`,
      );
  }
  if (status !== 403 && status !== 401) return undefined;
  const [right, what] =
    scene.object === undefined
      ? ['s3:ListBucket', 'list']
      : ['s3:GetObject', `read ${printable(scene.object.key)} in`];
  return credentials(
    `The keys may not ${what} ${scene.place} (${printable(code) || 'AccessDenied'}).`,
    `Give them the right ${right} on the bucket${scene.object ? "'s objects" : ''}, or use other keys. ${UNCHANGED}`,
  );
}

function wrongRegion(thrown: unknown, scene: S3Scene): Words {
  const named: unknown = (thrown as { Region?: unknown }).Region;
  const right = typeof named === 'string' && named !== '' ? `: it is in ${printable(named)}` : '';
  return {
    code: 'source.region',
    message: `The bucket ${scene.place} is not in the region ${scene.region}${right}.`,
    next: `Set S3_REGION${right === '' ? '' : ' to that'} (and S3_ENDPOINT, if it names a region). ${UNCHANGED}`,
  };
}

function explainStatus(
  { code, status }: Answer,
  scene: S3Scene,
  thrown: unknown,
): Words | DayboardError | undefined {
  const { object, place } = scene;
  // Answers without an error document have only their status.
  if (object !== undefined && status === 404) return objectMissing(place, object, bare(thrown));
  if (object !== undefined && (status === 412 || status === 416))
    return objectChanged(place, object, bare(thrown));
  if (status === 503 || status === 429 || code === 'SlowDown') {
    return {
      code: 'source.throttled',
      message: `${scene.endpoint} is overloaded and asks for fewer requests (${printable(code) || status}).`,
      next: `Try again in some minutes, or with a lower --concurrency. ${UNCHANGED}`,
    };
  }
  if (status >= 500 || code === 'RequestTimeout') {
    return {
      code: 'source.server-error',
      message: `${scene.endpoint} failed with an error of its own (${status} ${printable(code)}).`,
      next: `Try again in some minutes; if it stays, ask the storage service. ${UNCHANGED}`,
    };
  }
  if (status < 300) return undefined;
  return {
    code: 'source.refused',
    message: `${scene.endpoint} refused the request for ${place} (${status} ${printable(code)}).`,
    next: `Check S3_ENDPOINT and S3_BUCKET_NAME: is this an S3 service? ${UNCHANGED}`,
  };
}

const CHECK_NETWORK = `Check S3_ENDPOINT, the network and the firewall. ${UNCHANGED}`;

function explainNetwork(thrown: unknown, code: string, scene: S3Scene): Words | DayboardError | undefined {
  const unreachable = (message: string, next = CHECK_NETWORK): Words => ({
    code: 'source.unreachable',
    message,
    next,
  });
  const host = scene.endpoint;
  const tls = tlsReason(code);
  if (tls !== undefined) {
    return unreachable(
      `The certificate of ${host} was not accepted: ${tls.words} (${code}).`,
      `Check S3_ENDPOINT and this machine's clock; for a private authority set NODE_EXTRA_CA_CERTS=FILE. ${UNCHANGED}`,
    );
  }
  switch (code) {
    case 'ENOTFOUND':
      return unreachable(`The host name of ${host} is not known (${code}).`);
    case 'EAI_AGAIN':
      return unreachable(`The host name of ${host} could not be looked up (${code}).`);
    case 'ECONNREFUSED':
      return unreachable(`Nothing answers at ${host} (${code}).`);
    case 'ETIMEDOUT':
      return unreachable(`${host} does not answer in time (${code}).`);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return unreachable(`${host} cannot be reached (${code}).`);
    case 'ECONNRESET':
    case 'EPIPE':
      return scene.object === undefined
        ? {
            code: 'source.interrupted',
            message: `${host} closed the connection (${code}).`,
            next: CHECK_NETWORK,
          }
        : interrupted(scene.place, scene.object, `the connection was lost (${code})`, bare(thrown));
  }
  if (answerOf(thrown).code === 'TimeoutError') return unreachable(`${host} does not answer in time.`);
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return unreachable(`${host} does not speak TLS (${code}).`);
  if (code.startsWith('HPE_')) return unreachable(`What answers at ${host} does not speak HTTP (${code}).`);
  return undefined;
}

function unknownFailure(thrown: unknown, scene: S3Scene): Words | DayboardError {
  const message = bare(thrown).message;
  if (scene.object !== undefined && message.startsWith('Checksum mismatch')) {
    return {
      code: 'source.checksum',
      message: `The bytes of ${printable(scene.object.key)} are not those that ${scene.place} has a checksum of.`,
      next: `${UNCHANGED} Try again; if it stays, the object is damaged at the source: ask for a new delivery.`,
    };
  }
  return {
    code: 'source.failed',
    message: `Reading from ${scene.place} failed: ${message}`,
    next: `Try again; if it stays, check S3_ENDPOINT with \`dayboard doctor\`. ${UNCHANGED}`,
  };
}
