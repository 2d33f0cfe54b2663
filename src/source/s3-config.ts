import { DayboardError } from '../project/errors.ts';
import type { Environment } from '../project/environment.ts';
import type { SourceDefinition } from '../project/model.ts';

/** Where a bucket is and with which keys it is read. */
export interface S3Config {
  bucket: string;
  /** The service's URL; Amazon's for the region by default. */
  endpoint?: string | undefined;
  /** 'us-east-1' by default. */
  region?: string | undefined;
  /** Both keys or none; without them the AWS credential chain (variables, profile, instance) is asked. */
  accessKeyId?: string | undefined;
  secretAccessKey?: string | undefined;
  /** The bucket in the path and not in the host name; by default so for every endpoint but Amazon's own. */
  forcePathStyle?: boolean | undefined;
  /** Longest wait for a connection, in milliseconds, default 5,000. */
  connectMs?: number | undefined;
  /** Longest silence of the server, in milliseconds, default 30,000. */
  idleMs?: number | undefined;
  /** The pause before a listing or probe is tried again, in milliseconds. */
  retryDelayMs?: number | undefined;
}

/** The same with everything decided. */
export interface S3Settings extends Omit<S3Config, 'endpoint' | 'region'> {
  endpoint: URL | undefined;
  region: string;
  forcePathStyle: boolean;
  connectMs: number;
  idleMs: number;
  /** 'bucket at host'. */
  place: string;
}

/**
 * The configuration from the variables of CONTRACT (S3_BUCKET_NAME, S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY_ID,
 * S3_SECRET_ACCESS_KEY), the definition's defaults behind them, and AWS's own names behind those.
 */
export function s3ConfigFrom(definition: SourceDefinition & { kind: 's3' }, env: Environment): S3Config {
  const read = (name: string): string | undefined => env[name]?.trim() || undefined;
  const bucket = read('S3_BUCKET_NAME') ?? definition.bucket;
  if (bucket === undefined) throw missing('S3_BUCKET_NAME', 'No bucket is named: S3_BUCKET_NAME is not set.');
  return {
    bucket,
    endpoint:
      read('S3_ENDPOINT') ?? definition.endpoint ?? read('AWS_ENDPOINT_URL_S3') ?? read('AWS_ENDPOINT_URL'),
    region: read('S3_REGION') ?? definition.region ?? read('AWS_REGION') ?? read('AWS_DEFAULT_REGION'),
    accessKeyId: read('S3_ACCESS_KEY_ID'),
    secretAccessKey: read('S3_SECRET_ACCESS_KEY'),
  };
}

/** Completes and checks a configuration. Fails with 'source.not-configured', naming the variable to look at. */
export function s3Settings(config: S3Config): S3Settings {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}$/.test(config.bucket)) {
    throw missing('S3_BUCKET_NAME', 'S3_BUCKET_NAME is no name that a bucket can have.');
  }
  if (config.accessKeyId !== undefined && config.secretAccessKey === undefined) {
    throw missing('S3_SECRET_ACCESS_KEY', 'S3_ACCESS_KEY_ID is set, but S3_SECRET_ACCESS_KEY is not.');
  }
  if (config.secretAccessKey !== undefined && config.accessKeyId === undefined) {
    throw missing('S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY is set, but S3_ACCESS_KEY_ID is not.');
  }
  const endpoint = config.endpoint === undefined ? undefined : parseEndpoint(config.endpoint);
  const region = config.region ?? 'us-east-1';
  return {
    ...config,
    endpoint,
    region,
    forcePathStyle: config.forcePathStyle ?? endpoint !== undefined,
    connectMs: config.connectMs ?? 5000,
    idleMs: config.idleMs ?? 30_000,
    place: `${config.bucket} at ${endpoint?.host ?? `s3.${region}.amazonaws.com`}`,
  };
}

function parseEndpoint(text: string): URL {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  const usable =
    url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search;
  // Not repeated in the message: somebody may have put keys into it.
  if (!usable) throw missing('S3_ENDPOINT', 'S3_ENDPOINT is not the URL of an S3 service.');
  return url;
}

function missing(variable: string, message: string): DayboardError {
  return new DayboardError({
    code: 'source.not-configured',
    kind: 'usage',
    message,
    facts: { variable },
    next:
      'Set S3_BUCKET_NAME, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY (without the two keys the AWS credential chain ' +
      'is used), and S3_ENDPOINT (https://…) and S3_REGION for a service other than Amazon S3. Nothing was changed.',
  });
}
