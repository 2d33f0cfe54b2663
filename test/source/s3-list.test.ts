import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { addPeriods } from '../../src/project/period.ts';
import type { FaultRequest } from '../../src/demo/s3/faults.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';
import { until } from '../support/until.ts';
import { dataset, failure, listed, sourceOf } from './fixtures.ts';

const visits = dataset('visits_{period}.csv', { name: 'visits' });
const events = dataset('events_{period}.csv', { name: 'events' });
const rooms = dataset('events_roomv9_{period}.csv', { name: 'rooms' });

async function bucketWith(keys: string[]): Promise<TestS3> {
  const s3 = await startTestS3();
  for (let i = 0; i < keys.length; i += 50) {
    await Promise.all(keys.slice(i, i + 50).map((key) => s3.put(key, key)));
  }
  return s3;
}

/** The listing requests from now on. */
function watchListings(s3: TestS3): Array<FaultRequest['query']> {
  const seen: Array<FaultRequest['query']> = [];
  s3.faults = ({ query }) => {
    seen.push(query);
    return undefined;
  };
  return seen;
}

describe('a listing', () => {
  it('finds the objects of each dataset, gzip beside plain, and nothing else', async () => {
    const s3 = await bucketWith([
      'visits_2024-11-13.csv',
      'visits_2024-11-14.csv.gz',
      'visits_2024-02-30.csv',
      'visits_2024-11-14.txt',
      'events_2024-11-14.csv',
      'events_roomv9_2024-11-14.csv.zst',
      'eventual_2024-11-14.csv',
      'dir/visits_2024-11-14.csv',
    ]);
    expect(await listed(sourceOf(s3), [visits, events, rooms])).toEqual([
      ['events', '2024-11-14', 'events_2024-11-14.csv'],
      ['rooms', '2024-11-14', 'events_roomv9_2024-11-14.csv.zst'],
      ['visits', '2024-11-13', 'visits_2024-11-13.csv'],
      ['visits', '2024-11-14', 'visits_2024-11-14.csv.gz'],
    ]);
  });

  it('of one period asks for its keys alone', async () => {
    const s3 = await bucketWith([
      'visits_2024-11-13.csv',
      'visits_2024-11-14.csv.gz',
      'visits_2024-11-15.csv',
    ]);
    const seen = watchListings(s3);
    const found: string[] = [];
    for await (const { object } of sourceOf(s3).list([visits], undefined, '2024-11-14'))
      found.push(object.key);
    expect(found).toEqual(['visits_2024-11-14.csv.gz']);
    expect(seen).toMatchObject([{ prefix: 'visits_2024-11-14' }]);
  });

  it('says size, ETag and time of an object as the service has them', async () => {
    const s3 = await startTestS3();
    const etag = await s3.put('visits_2024-11-14.csv', 'twelve bytes');
    const { value } = await sourceOf(s3).list([visits])[Symbol.asyncIterator]().next();
    expect(value.object).toEqual({
      key: 'visits_2024-11-14.csv',
      size: 12,
      etag,
      modified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
  });

  it('gives the object that was modified last, plain or compressed', async () => {
    const s3 = await startTestS3();
    await s3.put('visits_2024-11-14.csv', 'first');
    await until(async () => {
      // The service counts whole seconds.
      await s3.put('visits_2024-11-14.csv.gz', 'second');
      const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: s3.bucket }));
      const [plain, packed] = Contents.map(({ LastModified }) => LastModified?.getTime() ?? 0);
      return (packed ?? 0) > (plain ?? 0);
    });
    expect(await listed(sourceOf(s3), [visits])).toEqual([
      ['visits', '2024-11-14', 'visits_2024-11-14.csv.gz'],
    ]);
  });

  it('takes keys with control characters and other strange ones for what they are', async () => {
    const strange = dataset('a +%2F&<é\u0001{period}.csv', { name: 'strange' });
    const s3 = await bucketWith([
      'a +%2F&<é\u00012024-11-14.csv',
      'visits_2024-11-14.csv',
      'visits_\u00022024-11-14.csv',
    ]);
    expect(await listed(sourceOf(s3), [strange, visits])).toEqual([
      ['strange', '2024-11-14', 'a +%2F&<é\u00012024-11-14.csv'],
      ['visits', '2024-11-14', 'visits_2024-11-14.csv'],
    ]);
  });

  it('finds nothing in an empty bucket', async () => {
    expect(await listed(sourceOf(await startTestS3()), [visits])).toEqual([]);
  });
});

describe('a listing of more than a page', () => {
  let s3: TestS3;
  const days = Array.from({ length: 1205 }, (_, i) => addPeriods('2021-01-01', i));
  beforeAll(async () => {
    s3 = await bucketWith([
      ...days.map((day) => `visits_${day}.csv`),
      ...days.slice(0, 20).map((day) => `other_${day}.csv`),
    ]);
  });

  it('has every key once', async () => {
    const seen = watchListings(s3);
    expect((await listed(sourceOf(s3), [visits])).map(([, period]) => period)).toEqual(days);
    expect(seen.map((query) => [query['prefix'], 'continuation-token' in query])).toEqual([
      ['visits_', false],
      ['visits_', true],
      ['visits_', true],
    ]);
  });

  it('does not ask for what is before the first period', async () => {
    const seen = watchListings(s3);
    const since = days.at(-3) ?? '';
    expect(await listed(sourceOf(s3), [{ ...visits, since }])).toHaveLength(3);
    expect(seen.map((query) => query['start-after'])).toEqual([`visits_${days.at(-4)}`]);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    s3.faults = ({ query }) => {
      if ('continuation-token' in query) stop.abort();
      return undefined;
    };
    const error = await failure(listed(sourceOf(s3), [visits], stop.signal));
    expect(error).toMatchObject({ code: 'source.cancelled', kind: 'interrupted' });
  });

  it('asks again after a failure that passes, and only then', async () => {
    let failures = 2;
    s3.faults = ({ query }) =>
      'continuation-token' in query && failures-- > 0
        ? { kind: 'error', status: 503, code: 'SlowDown' }
        : undefined;
    expect(await listed(sourceOf(s3), [visits])).toHaveLength(1205);
    let asked = 0;
    s3.faults = () => {
      asked++;
      return { kind: 'error', status: 403, code: 'AccessDenied' };
    };
    expect((await failure(listed(sourceOf(s3), [visits]))).code).toBe('source.credentials');
    expect(asked).toBe(1);
  });

  it('leaves no request behind when its reader stops early', async () => {
    s3.faults = undefined;
    const source = sourceOf(s3);
    for await (const each of source.list([visits, dataset('other_{period}.csv')])) {
      expect(each.dataset).toBeDefined();
      break;
    }
    expect(await listed(source, [dataset('other_{period}.csv', { name: 'other' })])).toHaveLength(20);
  });
});
