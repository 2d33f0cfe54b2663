import { ListObjectsV2Command, type ListObjectsV2CommandInput } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { inParallel, md5, outcome, type Subject } from './conformance-servers.ts';

/** ListObjectsV2. */
export function listings(s3: () => Subject): void {
  const keys = Array.from({ length: 1205 }, (_, i) => `many/${String(i).padStart(4, '0')}`);
  const list = async (more: Partial<ListObjectsV2CommandInput>) => {
    const pages = [];
    let token: string | undefined;
    do {
      const page = await s3().client.send(
        new ListObjectsV2Command({ Bucket: s3().bucket, ...more, ContinuationToken: token }),
      );
      pages.push(page);
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return pages;
  };
  const keysOf = (pages: Awaited<ReturnType<typeof list>>) =>
    pages.flatMap((page) => page.Contents?.map(({ Key }) => Key) ?? []);

  it('come whole and in order past 1,000 keys', async () => {
    await inParallel(32, keys, (key) => s3().put(key, key));
    const pages = await list({ Prefix: 'many/' });
    expect(pages.map(({ KeyCount, IsTruncated }) => [KeyCount, IsTruncated])).toEqual([
      [1000, true],
      [205, false],
    ]);
    expect(keysOf(pages)).toEqual(keys);
    const [first] = pages[0]?.Contents ?? [];
    expect(first).toMatchObject({ Key: 'many/0000', Size: 9, ETag: `"${md5('many/0000')}"` });
    expect(Math.abs(Date.now() - (first?.LastModified?.getTime() ?? 0))).toBeLessThan(3_600_000);
  }, 120_000);

  it('begin after a key, and hold as many keys as asked for', async () => {
    const pages = await list({ Prefix: 'many/', StartAfter: 'many/1197', MaxKeys: 3 });
    expect(pages.map((page) => page.Contents?.length)).toEqual([3, 3, 1]);
    expect(keysOf(pages)).toEqual(keys.slice(1198));
  });

  it('gather keys below a delimiter, also when every page ends there', async () => {
    const tree = ['tree/a', 'tree/b/1', 'tree/b/2', 'tree/c', 'tree/d/1', 'tree/e'];
    await inParallel(6, tree, (key) => s3().put(key, ''));
    for (const MaxKeys of [1, 2, 1000]) {
      const pages = await list({ Prefix: 'tree/', Delimiter: '/', MaxKeys });
      expect(keysOf(pages)).toEqual(['tree/a', 'tree/c', 'tree/e']);
      const prefixes = pages.flatMap((page) => page.CommonPrefixes?.map(({ Prefix }) => Prefix) ?? []);
      expect(prefixes).toEqual(['tree/b/', 'tree/d/']);
    }
  });

  it('are empty for a prefix that nothing has, and refused for a bucket that is not there', async () => {
    expect(await list({ Prefix: 'nothing/' })).toMatchObject([{ KeyCount: 0, IsTruncated: false }]);
    const missing = s3().client.send(new ListObjectsV2Command({ Bucket: 'no-such-bucket' }));
    expect(await outcome(missing)).toEqual([404, 'NoSuchBucket']);
  });
}
