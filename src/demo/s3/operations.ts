import type { Answer } from './answer.ts';
import { type Body, readText } from './body.ts';
import { createBucket, deleteBucket, headBucket, listBuckets, listObjects } from './buckets.ts';
import { S3Error } from './errors.ts';
import { abortUpload, completeUpload, createUpload, uploadPart } from './multipart.ts';
import { deleteObject, getObject, putObject } from './objects.ts';
import { parameter, type S3Request } from './request.ts';
import type { Store } from './store.ts';

/** Where operations happen. */
export interface Scene {
  store: Store;
  region: string;
}

/** Query parameters that make a request another operation, or another answer, than those of this server. */
const FOREIGN_PARAMETERS = new Set(
  (
    'accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold ' +
    'lifecycle location logging metrics notification object-lock ownershipControls policy policyStatus ' +
    'publicAccessBlock renameObject replication requestPayment restore retention select session tagging torrent ' +
    'versionId versioning versions website response-cache-control response-content-disposition ' +
    'response-content-encoding response-content-language response-content-type response-expires'
  ).split(' '),
);

/** Headers (or beginnings of their names) that ask for what this server would silently not do. */
const FOREIGN_HEADERS = [
  'x-amz-copy-source',
  'x-amz-server-side-encryption',
  'x-amz-tagging',
  'x-amz-object-lock',
  'x-amz-website-redirect-location',
  'x-amz-grant-',
  'x-amz-write-offset-bytes',
];

/** Performs an authenticated request. Fails with the S3Error to answer. */
export async function perform(scene: Scene, request: S3Request, body: Body): Promise<Answer> {
  refuseForeign(request);
  const { bucket, key } = request;
  if (bucket === undefined) return performOnService(scene, request, body);
  if (key === undefined) return performOnBucket(scene, bucket, request, body);
  if (parameter(request, 'uploads') !== undefined || parameter(request, 'uploadId') !== undefined) {
    return performOnUpload(scene, bucket, key, request, body);
  }
  return performOnObject(scene, bucket, key, request, body);
}

function refuseForeign(request: S3Request): void {
  const name = request.query.map(([name]) => name).find((name) => FOREIGN_PARAMETERS.has(name));
  if (name !== undefined) throw notImplemented(`The parameter ${name} is not implemented.`);
  for (const [header, value] of request.headers) {
    const foreign =
      FOREIGN_HEADERS.some((start) => header.startsWith(start)) ||
      (header === 'x-amz-acl' && value !== 'private') ||
      (header === 'x-amz-storage-class' && value !== 'STANDARD');
    if (foreign) throw notImplemented(`The header ${header}: ${value} is not implemented.`);
  }
}

async function performOnService({ store }: Scene, request: S3Request, body: Body): Promise<Answer> {
  await readText(body);
  if (request.method === 'GET') return listBuckets(store);
  throw methodNotAllowed(request, 'SERVICE');
}

async function performOnBucket(
  scene: Scene,
  bucket: string,
  request: S3Request,
  body: Body,
): Promise<Answer> {
  if (request.method === 'PUT') return createBucket(scene.store, bucket, scene.region, body);
  await readText(body);
  switch (request.method) {
    case 'HEAD':
      return headBucket(scene.store, bucket, scene.region);
    case 'DELETE':
      return deleteBucket(scene.store, bucket);
    case 'GET':
      if (parameter(request, 'uploads') !== undefined) throw notImplemented('Uploads cannot be listed.');
      if (parameter(request, 'list-type') !== '2') throw notImplemented('Listings need list-type=2.');
      return listObjects(scene.store.bucket(bucket), request);
    default:
      throw methodNotAllowed(request, 'BUCKET');
  }
}

async function performOnObject(
  { store }: Scene,
  bucketName: string,
  key: string,
  request: S3Request,
  body: Body,
): Promise<Answer> {
  const bucket = store.bucket(bucketName);
  if (parameter(request, 'partNumber') !== undefined) throw notImplemented('Parts cannot be read alone.');
  if (request.method === 'PUT') return putObject(store, bucket, key, request, body);
  await readText(body);
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return getObject(bucket, key, request);
    case 'DELETE':
      return deleteObject(bucket, key, request);
    default:
      throw methodNotAllowed(request, 'OBJECT');
  }
}

async function performOnUpload(
  { store }: Scene,
  bucket: string,
  key: string,
  request: S3Request,
  body: Body,
): Promise<Answer> {
  const target = { store, bucket, key };
  const begins = parameter(request, 'uploads') !== undefined;
  if (!begins && request.method === 'PUT') return uploadPart(target, request, body);
  if (!begins && request.method === 'POST') return completeUpload(target, request, body);
  await readText(body);
  if (begins && request.method === 'POST') return createUpload(target, request);
  if (!begins && request.method === 'DELETE') return abortUpload(target, request);
  if (!begins && request.method === 'GET') throw notImplemented('Parts cannot be listed.');
  throw methodNotAllowed(request, 'UPLOAD');
}

function notImplemented(message: string): S3Error {
  return new S3Error('NotImplemented', { message });
}

function methodNotAllowed(request: S3Request, resource: string): S3Error {
  return new S3Error('MethodNotAllowed', { details: { Method: request.method, ResourceType: resource } });
}
