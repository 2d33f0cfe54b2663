import type { GetObjectCommandOutput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { DayboardError } from '../project/errors.ts';
import type { Dataset, Period, SourceObject } from '../project/model.ts';
import { sourceBody } from './body.ts';
import { interrupted, objectChanged, objectFacts, printable, UNCHANGED } from './errors.ts';
import { Deliveries, keyPattern, type Listing, listings } from './keys.ts';
import { inParallel } from './parallel.ts';
import { retrying } from './retry.ts';
import { openS3, type S3Access } from './s3-client.ts';
import { type S3Config, type S3Settings, s3Settings } from './s3-config.ts';
import { s3Error } from './s3-errors.ts';
import type { ListedObject, OpenOptions, Source, SourceBody } from './source.ts';

/** Listings that run side by side: one per beginning of keys, so that what lies between is never asked for. */
const LISTINGS = 4;

/** Keys per page: taking pages apart, several at once, must not hold up a screen that is drawn meanwhile. */
const PAGE_KEYS = 500;

/**
 * One bucket of an S3 service. The client is loaded at the first use. Fails with 'source.not-configured' for a
 * configuration that cannot be.
 */
export function s3Source(config: S3Config): Source {
  return new S3Source(s3Settings(config));
}

class S3Source implements Source {
  readonly place: string;
  readonly #settings: S3Settings;
  #opened: Promise<S3Access> | undefined;

  constructor(settings: S3Settings) {
    this.#settings = settings;
    this.place = settings.place;
  }

  async *list(
    datasets: readonly Dataset[],
    signal?: AbortSignal,
    only?: Period,
  ): AsyncGenerator<ListedObject> {
    const passes = listings(datasets.map((dataset) => keyPattern(dataset, only)));
    const found = inParallel(passes, LISTINGS, (pass, stop) =>
      this.#listOne(pass, signal === undefined ? stop : AbortSignal.any([signal, stop])),
    );
    for await (const deliveries of found) yield* deliveries.values();
  }

  async #listOne(pass: Listing, signal: AbortSignal): Promise<Deliveries> {
    const deliveries = new Deliveries();
    let token: string | undefined;
    do {
      const page = await this.#page(pass, token, signal);
      for (const { Key, Size, ETag, LastModified } of page.Contents ?? []) {
        const key = decodedKey(Key ?? '');
        for (const pattern of pass.patterns) {
          const period = pattern.match(key);
          if (period === undefined || LastModified === undefined) continue;
          const modified = LastModified.toISOString();
          deliveries.add(pattern.dataset, period, { key, size: Size ?? 0, etag: unquoted(ETag), modified });
        }
      }
      token = nextToken(page, token);
    } while (token !== undefined);
    return deliveries;
  }

  #page(
    pass: Listing,
    token: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ListObjectsV2CommandOutput> {
    const { retryDelayMs, idleMs } = this.#settings;
    const policy = { signal, ...(retryDelayMs === undefined ? {} : { delayMs: retryDelayMs }) };
    return retrying(async () => {
      try {
        const { client, sdk } = await this.#access();
        const command = new sdk.ListObjectsV2Command({
          Bucket: this.#settings.bucket,
          Prefix: pass.prefix,
          // A key may hold characters that XML cannot.
          EncodingType: 'url',
          MaxKeys: PAGE_KEYS,
          ...(token === undefined ? { StartAfter: pass.startAfter } : { ContinuationToken: token }),
        });
        // The client watches over the answer's beginning only.
        const late = AbortSignal.timeout(idleMs * 2);
        const abortSignal = signal === undefined ? late : AbortSignal.any([signal, late]);
        return await client.send(command, { abortSignal }).catch((thrown: unknown) => {
          throw late.aborted ? late.reason : thrown;
        });
      } catch (thrown) {
        throw this.#error(thrown, undefined, signal);
      }
    }, policy);
  }

  async open(object: SourceObject, options: OpenOptions = {}): Promise<SourceBody> {
    const { from = 0, to = object.size - 1, signal } = options;
    const length = to - from + 1;
    const isWhole = length === object.size;
    try {
      const { client, sdk } = await this.#access();
      const command = new sdk.GetObjectCommand({
        Bucket: this.#settings.bucket,
        Key: object.key,
        IfMatch: `"${object.etag}"`,
        ...(isWhole ? {} : { Range: `bytes=${from}-${to}` }),
        // The ETag of an object that was uploaded in parts is no checksum: S3 may have another.
        ...(isWhole && !isMd5(object.etag) ? { ChecksumMode: 'ENABLED' as const } : {}),
      });
      const answer = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
      const body = answer.Body;
      if (!(body instanceof Readable)) throw new TypeError('The S3 client gave no stream.');
      const wrong = this.#whyNot(answer, object, { from, length, isWhole });
      if (wrong !== undefined) {
        body.on('error', () => undefined).destroy();
        throw wrong;
      }
      return this.#body(body, answer, object, length, signal);
    } catch (thrown) {
      throw this.#error(thrown, object, signal);
    }
  }

  #body(
    from: Readable,
    answer: GetObjectCommandOutput,
    object: SourceObject,
    length: number,
    signal: AbortSignal | undefined,
  ): SourceBody {
    return sourceBody({
      from,
      length,
      signal,
      md5: md5Of(answer, object),
      idleMs: this.#settings.idleMs,
      failure: (thrown) => this.#error(thrown, object, signal),
      interruption: (reason) => interrupted(this.place, object, reason),
    });
  }

  /** Why an answer is not the bytes that were asked for; a proxy's page, say, or a server that knows no ranges. */
  #whyNot(
    answer: GetObjectCommandOutput,
    object: SourceObject,
    asked: { from: number; length: number; isWhole: boolean },
  ): DayboardError | undefined {
    if (answer.ETag !== undefined && unquoted(answer.ETag) !== object.etag)
      return objectChanged(this.place, object);
    const range = `bytes ${asked.from}-${asked.from + asked.length - 1}/${object.size}`;
    const fits =
      answer.ETag !== undefined &&
      (answer.ContentLength ?? asked.length) === asked.length &&
      (asked.isWhole || answer.ContentRange === range);
    if (fits) return undefined;
    return new DayboardError({
      code: 'source.unexpected-answer',
      message: `${this.#endpoint} answered with something else than ${printable(object.key)} of ${this.place}.`,
      facts: {
        ...objectFacts(this.place, object),
        expectedBytes: asked.length,
        bytes: answer.ContentLength,
        contentType: printable(answer.ContentType ?? ''),
      },
      next: `Check S3_ENDPOINT, and whether a proxy stands between. ${UNCHANGED}`,
    });
  }

  async probe(signal?: AbortSignal): Promise<void> {
    // No key begins so: an answer without keys says all that is asked.
    const pass = { prefix: 'dayboard-probe-', startAfter: undefined, patterns: [] };
    nextToken(await this.#page(pass, undefined, signal), undefined);
  }

  close(): void {
    void this.#opened?.then(({ client }) => client.destroy()).catch(() => undefined);
    this.#opened = undefined;
  }

  #access(): Promise<S3Access> {
    this.#opened ??= openS3(this.#settings);
    return this.#opened;
  }

  get #endpoint(): string {
    return this.#settings.endpoint?.origin ?? `https://s3.${this.#settings.region}.amazonaws.com`;
  }

  #error(thrown: unknown, object: SourceObject | undefined, signal: AbortSignal | undefined): DayboardError {
    const { place, region } = this.#settings;
    return s3Error(thrown, { place, region, endpoint: this.#endpoint, object, signal });
  }
}

function unquoted(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

function isMd5(etag: string): boolean {
  return /^[0-9a-f]{32}$/.test(etag);
}

/** The MD5 that an answer vouches for: the ETag, unless the object came in parts or is encrypted with foreign keys. */
function md5Of(answer: GetObjectCommandOutput, object: SourceObject): string | undefined {
  const hasForeignKeys =
    answer.ServerSideEncryption?.startsWith('aws:kms') === true || answer.SSECustomerAlgorithm !== undefined;
  return isMd5(object.etag) && !hasForeignKeys ? object.etag : undefined;
}

/** A key of a URL-encoded listing; what is no such text stays as it is and matches nothing. */
function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return key;
  }
}

/** The next page's token, undefined at the end. What is no listing, or repeats itself, must not pass for one. */
function nextToken(page: ListObjectsV2CommandOutput, token: string | undefined): string | undefined {
  if (page.IsTruncated === false) return undefined;
  const next = page.NextContinuationToken;
  if (page.IsTruncated === true && next !== undefined && next !== token) return next;
  throw new DayboardError({
    code: 'source.unexpected-answer',
    message: 'What answers is no S3 service: its listing does not say whether and where it goes on.',
    next: `Check S3_ENDPOINT, and whether a proxy stands between. ${UNCHANGED}`,
  });
}
