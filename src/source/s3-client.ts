import type * as Sdk from '@aws-sdk/client-s3';
import type { S3Settings } from './s3-config.ts';

/** The SDK and a client of it. */
export interface S3Access {
  sdk: typeof Sdk;
  client: Sdk.S3Client;
}

/** Loads the SDK, which takes a while and is not needed by a board that only reads, and makes a client. */
export async function openS3(settings: S3Settings): Promise<S3Access> {
  const sdk = await import('@aws-sdk/client-s3');
  return { sdk, client: new sdk.S3Client(clientConfig(settings)) };
}

function clientConfig(settings: S3Settings): Sdk.S3ClientConfig {
  const { accessKeyId, secretAccessKey } = settings;
  return {
    region: settings.region,
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint.href }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
    forcePathStyle: settings.forcePathStyle,
    // Tries are ours, so that each is told and a transfer goes on where it stopped.
    maxAttempts: 1,
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: settings.connectMs,
      requestTimeout: settings.idleMs,
      throwOnRequestTimeout: true,
      // A reader that takes its time is no silence of the server: the body has its own watch.
      socketTimeout: 0,
      // Verified whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      httpsAgent: { keepAlive: true, maxSockets: 50, rejectUnauthorized: true },
    },
  };
}
