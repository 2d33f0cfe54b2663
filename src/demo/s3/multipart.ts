import { rm } from 'node:fs/promises';
import { type Answer, emptyAnswer, xmlAnswer } from './answer.ts';
import { type Body, readText } from './body.ts';
import { type Checksum, checksumHeader, readAlgorithm } from './checksums.ts';
import { writePrecondition } from './conditions.ts';
import { S3Error } from './errors.ts';
import { keptHeaders, receiveProven, reportChecksums } from './objects.ts';
import { parameter, type S3Request } from './request.ts';
import type { Store } from './store.ts';
import type { NamedPart, Upload } from './uploads.ts';
import { xmlSections, xmlText } from './xml.ts';

/** The object that a multipart request is about. */
export interface Target {
  store: Store;
  bucket: string;
  key: string;
}

const MAX_PART_NUMBER = 10_000;

/** CreateMultipartUpload */
export async function createUpload({ store, bucket, key }: Target, request: S3Request): Promise<Answer> {
  const algorithm = request.headers.get('x-amz-checksum-algorithm');
  const upload = await store.uploads.begin({
    bucket: store.bucket(bucket).record.name,
    key,
    headers: keptHeaders(request),
    algorithm: algorithm === undefined ? undefined : readAlgorithm(algorithm),
    checksumType: readChecksumType(request.headers.get('x-amz-checksum-type')),
  });
  return xmlAnswer('InitiateMultipartUploadResult', [
    ['Bucket', bucket],
    ['Key', key],
    ['UploadId', upload.id],
  ]);
}

function readChecksumType(text: string | undefined): Checksum['type'] {
  if (text === undefined || text === 'COMPOSITE') return 'COMPOSITE';
  if (text === 'FULL_OBJECT') return 'FULL_OBJECT';
  throw new S3Error('InvalidRequest', { message: `The checksum type ${text} is not valid.` });
}

/** UploadPart */
export async function uploadPart(target: Target, request: S3Request, body: Body): Promise<Answer> {
  const number = Number(parameter(request, 'partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > MAX_PART_NUMBER) {
    throw new S3Error('InvalidArgument', { message: `Part number must be 1 to ${MAX_PART_NUMBER}.` });
  }
  const upload = await findUpload(target, request);
  const further = upload.algorithm === undefined ? [] : [upload.algorithm];
  const { received, checksums } = await receiveProven(target.store, request, body, further);
  try {
    const etag = await target.store.uploads.addPart(upload, number, received);
    const { 'x-amz-checksum-type': _whole, ...reported } = reportChecksums(checksums);
    return emptyAnswer(200, { etag: `"${etag}"`, ...reported });
  } finally {
    await rm(received.path, { force: true });
  }
}

/** CompleteMultipartUpload */
export async function completeUpload(target: Target, request: S3Request, body: Body): Promise<Answer> {
  const named = readParts(await readText(body));
  const upload = await findUpload(target, request);
  const expected = upload.algorithm && request.headers.get(checksumHeader(upload.algorithm));
  const record = await target.store.uploads.complete(
    upload,
    named,
    target.store.bucket(target.bucket),
    writePrecondition(request),
    expected,
  );
  const [checksum] = record.checksums;
  return xmlAnswer('CompleteMultipartUploadResult', [
    ['Bucket', target.bucket],
    ['Key', target.key],
    ['ETag', `"${record.etag}"`],
    [`Checksum${checksum?.algorithm.toUpperCase()}`, checksum?.value],
    ['ChecksumType', checksum?.type],
  ]);
}

function readParts(document: string): NamedPart[] {
  return xmlSections(document, 'Part').map((part) => {
    const number = Number(xmlText(part, 'PartNumber'));
    const etag = xmlText(part, 'ETag');
    if (!Number.isInteger(number) || etag === undefined) throw new S3Error('MalformedXML');
    return { number, etag: etag.replace(/^"(.*)"$/, '$1') };
  });
}

/** AbortMultipartUpload */
export async function abortUpload(target: Target, request: S3Request): Promise<Answer> {
  await target.store.uploads.abort(await findUpload(target, request));
  return emptyAnswer(204);
}

function findUpload({ store, bucket, key }: Target, request: S3Request): Promise<Upload> {
  return store.uploads.find(store.bucket(bucket).record.name, key, parameter(request, 'uploadId') ?? '');
}
