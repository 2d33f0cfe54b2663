import { type Answer, emptyAnswer, xmlAnswer } from './answer.ts';
import { type Body, readText } from './body.ts';
import type { Bucket, ObjectRecord } from './bucket.ts';
import { S3Error } from './errors.ts';
import {
  type ListPage,
  type ListPosition,
  type ListRequest,
  listPage,
  readToken,
  writeToken,
} from './list.ts';
import { parameter, type S3Request } from './request.ts';
import { uriEncode } from './signature.ts';
import type { Store } from './store.ts';
import { type XmlElements, xmlText } from './xml.ts';

const MAX_KEYS = 1000;
const OWNER: XmlElements = [
  ['ID', 'dayboard'],
  ['DisplayName', 'dayboard'],
];

/** ListBuckets */
export function listBuckets(store: Store): Answer {
  const buckets = store.buckets().map(({ record }): XmlElements[number] => [
    'Bucket',
    [
      ['Name', record.name],
      ['CreationDate', new Date(record.created).toISOString()],
    ],
  ]);
  return xmlAnswer('ListAllMyBucketsResult', [
    ['Owner', OWNER],
    ['Buckets', buckets],
  ]);
}

/** CreateBucket, in this server's region only. */
export async function createBucket(store: Store, name: string, region: string, body: Body): Promise<Answer> {
  const constraint = xmlText(await readText(body), 'LocationConstraint') || region;
  if (constraint !== region) throw new S3Error('InvalidLocationConstraint');
  await store.createBucket(name);
  return emptyAnswer(200, { location: `/${name}` });
}

/** HeadBucket */
export function headBucket(store: Store, name: string, region: string): Answer {
  store.bucket(name);
  return emptyAnswer(200, { 'x-amz-bucket-region': region });
}

/** DeleteBucket, of an empty bucket. */
export async function deleteBucket(store: Store, name: string): Promise<Answer> {
  await store.deleteBucket(name);
  return emptyAnswer(204);
}

/** ListObjectsV2 */
export function listObjects(bucket: Bucket, request: S3Request): Answer {
  const asked = readListRequest(request);
  const encode = encoder(parameter(request, 'encoding-type'));
  const page = listPage(bucket.sorted(), asked);
  const withOwner = parameter(request, 'fetch-owner') === 'true';
  const token = parameter(request, 'continuation-token');
  return xmlAnswer('ListBucketResult', [
    ['Name', bucket.record.name],
    ['Prefix', encode(asked.prefix)],
    ['Delimiter', asked.delimiter === '' ? undefined : encode(asked.delimiter)],
    ['StartAfter', asked.startAfter === '' ? undefined : encode(asked.startAfter)],
    ['EncodingType', parameter(request, 'encoding-type')],
    ['ContinuationToken', token],
    ['NextContinuationToken', page.next && writeToken(page.next)],
    ['MaxKeys', asked.maxKeys],
    ['KeyCount', page.contents.length + page.commonPrefixes.length],
    ['IsTruncated', page.next !== undefined],
    ...listed(page, encode, withOwner),
  ]);
}

function listed(
  page: ListPage<ObjectRecord>,
  encode: (text: string) => string,
  withOwner: boolean,
): XmlElements {
  const contents = page.contents.map((object): XmlElements[number] => [
    'Contents',
    [
      ['Key', encode(object.key)],
      ['LastModified', new Date(object.modified).toISOString()],
      ['ETag', `"${object.etag}"`],
      ['ChecksumAlgorithm', object.checksums[0]?.algorithm.toUpperCase()],
      ['ChecksumType', object.checksums[0]?.type],
      ['Size', object.size],
      ['Owner', withOwner ? OWNER : undefined],
      ['StorageClass', 'STANDARD'],
    ],
  ]);
  const prefixes = page.commonPrefixes.map((prefix): XmlElements[number] => [
    'CommonPrefixes',
    [['Prefix', encode(prefix)]],
  ]);
  return [...contents, ...prefixes];
}

function readListRequest(request: S3Request): ListRequest {
  return {
    prefix: parameter(request, 'prefix') ?? '',
    delimiter: parameter(request, 'delimiter') ?? '',
    maxKeys: readMaxKeys(parameter(request, 'max-keys')),
    startAfter: parameter(request, 'start-after') ?? '',
    after: readPosition(parameter(request, 'continuation-token')),
  };
}

function readMaxKeys(text: string | undefined): number {
  if (text === undefined || text === '') return MAX_KEYS;
  if (!/^\d{1,10}$/.test(text)) {
    throw new S3Error('InvalidArgument', { message: 'max-keys is not an integer of 0 or more' });
  }
  return Math.min(Number(text), MAX_KEYS);
}

function readPosition(token: string | undefined): ListPosition | undefined {
  if (token === undefined) return undefined;
  const position = readToken(token);
  if (position === undefined) {
    throw new S3Error('InvalidArgument', { message: 'The continuation token provided is incorrect' });
  }
  return position;
}

function encoder(type: string | undefined): (text: string) => string {
  if (type === undefined) return (text) => text;
  if (type === 'url') return urlEncode;
  throw new S3Error('InvalidArgument', { message: 'Invalid Encoding Method specified in Request' });
}

/** As S3 encodes listings: a form's encoding (a space is '+', '~' is escaped) that leaves '/' and '*' alone. */
function urlEncode(text: string): string {
  return uriEncode(text)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replaceAll('%2A', '*')
    .replaceAll('~', '%7E');
}
