// Writes deliveries of tchap-stats, as its exporters would, into a directory or a bucket.
import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Temporal } from 'temporal-polyfill';
import {
  DELIVERY_KINDS,
  DEMO_SIZES,
  type DeliveryKind,
  deliveryKey,
  deliveryLines,
  generateDelivery,
  usersForVisits,
} from '../src/demo/data/deliveries.ts';
import type { Sizes } from '../src/demo/data/sizes.ts';
import { nearest } from '../src/project/nearest.ts';

const USAGE = `usage: scripts/make-deliveries DIR|s3://BUCKET [options]

Writes deliveries of tchap-stats, one file per dataset and day, into a directory or a bucket. The same options
always give the same files.

  --days N            days, ending with --until (default 14)
  --until YYYY-MM-DD  the last day (default yesterday, in UTC)
  --rows N            visits of an ordinary day, about; deliveries carry ${DEMO_SIZES.windowDays} days each (default 1200)
  --seed N            other people and other chances (default ${DEMO_SIZES.seed})
  --datasets a,b      of ${DELIVERY_KINDS.join(', ')}
                      (default: all but pushers, which is switched off)

A bucket is reached with S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY.`;

class UsageError extends Error {}

interface Request {
  target: string;
  days: string[];
  datasets: DeliveryKind[];
  sizes: Sizes;
}

function readArguments(args: string[]): Request | undefined {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { days: text, until: text, rows: text, seed: text, datasets: text, help: { type: 'boolean' } },
  });
  if (values.help) return undefined;
  const [target, ...rest] = positionals;
  if (target === undefined || rest.length > 0) throw new UsageError('name one directory or bucket');
  const last = values.until === undefined ? yesterday() : dayOf(values.until);
  const seed = whole('seed', values.seed, DEMO_SIZES.seed);
  const days = whole('days', values.days, 14);
  return {
    target,
    days: Array.from({ length: days }, (_, index) => last.subtract({ days: days - 1 - index }).toString()),
    datasets:
      values.datasets === undefined ? DELIVERY_KINDS.filter(isDelivered) : datasetsOf(values.datasets),
    sizes: {
      ...DEMO_SIZES,
      seed,
      ...(values.rows !== undefined && { users: usersForVisits(whole('rows', values.rows, 0), seed) }),
    },
  };
}

function isDelivered(kind: DeliveryKind): boolean {
  return kind !== 'pushers';
}

function yesterday(): Temporal.PlainDate {
  return Temporal.Now.plainDateISO('UTC').subtract({ days: 1 });
}

function dayOf(text: string): Temporal.PlainDate {
  try {
    return Temporal.PlainDate.from(text);
  } catch {
    throw new UsageError(`--until takes a day like 2026-11-22, not "${text}"`);
  }
}

function whole(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`--${option} takes a whole number above 0, not "${text}"`);
  return Number(text);
}

function datasetsOf(list: string): DeliveryKind[] {
  return list.split(',').map((name) => {
    const kind = DELIVERY_KINDS.find((each) => each === name.trim());
    if (kind !== undefined) return kind;
    const meant = nearest(name, DELIVERY_KINDS);
    throw new UsageError(
      `there is no dataset "${name}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    );
  });
}

/** Puts one delivery where it belongs, whole or not at all. */
type Put = (key: string, kind: DeliveryKind, day: string) => Promise<void>;

async function intoDirectory(directory: string, sizes: Sizes): Promise<Put> {
  await mkdir(directory, { recursive: true });
  return async (key, kind, day) => {
    const file = join(directory, key);
    await pipeline(Readable.from(blocks(deliveryLines(kind, day, sizes))), createWriteStream(`${file}.part`));
    await rename(`${file}.part`, file);
  };
}

/** Lines in pieces of some size: a write for each of a million lines would take its time. */
function* blocks(lines: Iterable<string>): Iterable<string> {
  let block = '';
  for (const line of lines) {
    block += line;
    if (block.length < 1 << 18) continue;
    yield block;
    block = '';
  }
  yield block;
}

function intoBucket(bucket: string, sizes: Sizes): Put {
  const { S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = process.env;
  const client = new S3Client({
    region: S3_REGION ?? 'us-east-1',
    ...(S3_ENDPOINT && { endpoint: S3_ENDPOINT, forcePathStyle: true }),
    ...(S3_ACCESS_KEY_ID &&
      S3_SECRET_ACCESS_KEY && {
        credentials: { accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY },
      }),
  });
  return async (key, kind, day) => {
    const body = generateDelivery(kind, day, sizes);
    await client.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'text/csv' }),
    );
  };
}

async function main(): Promise<void> {
  const request = readArguments(process.argv.slice(2));
  if (request === undefined) {
    console.log(USAGE);
    return;
  }
  const { target, days, datasets, sizes } = request;
  const bucket = /^s3:\/\/([^/]+)\/?$/.exec(target)?.[1];
  const put = bucket === undefined ? await intoDirectory(target, sizes) : intoBucket(bucket, sizes);
  for (const day of days) {
    for (const kind of datasets) await put(deliveryKey(kind, day), kind, day);
  }
  console.error(`${days.length * datasets.length} files of ${days[0]} to ${days.at(-1)} are in ${target}`);
}

function isParseError(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

try {
  await main();
} catch (error) {
  const usage = error instanceof UsageError || isParseError(error);
  console.error(`make-deliveries: ${error instanceof Error ? error.message : String(error)}`);
  if (usage) console.error(`\n${USAGE}`);
  process.exitCode = usage ? 2 : 1;
}
