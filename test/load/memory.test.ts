import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { createTestDatabase } from '../support/postgres.ts';
import { stage, texts } from './fixtures.ts';

const MEGABYTE = 1024 * 1024;
const SIZE = 300 * MEGABYTE;
/** What a heap and some buffers may grow by: half of what holding the file would take. */
const BOUND = SIZE / 2;

const ROW = `${'x'.repeat(2_047)}\n`;
const PART = Buffer.from(ROW.repeat(MEGABYTE / ROW.length));

it.each([
  ['as it is', PART],
  ['out of an archive a thousand times smaller', gzipSync(PART)],
])('300 MB are loaded %s in constant memory', async (_what, part) => {
  const client = await (await createTestDatabase()).connect();
  await client.query('CREATE SCHEMA dayboard_staging');
  const header = Buffer.from('a\n');
  const source = (): Readable =>
    Readable.from(
      (function* () {
        yield part === PART ? header : gzipSync(header);
        // Copies, as a network would bring them.
        for (let at = 0; at < SIZE; at += MEGABYTE) yield Buffer.from(part);
      })(),
    );
  const before = process.memoryUsage().rss;
  let most = 0;
  const onProgress = (): void => {
    most = Math.max(most, process.memoryUsage.rss() - before);
  };
  const staged = await stage(client, texts(['a']), '', { open: async () => source(), onProgress });
  expect(staged.rows).toBe(SIZE / ROW.length);
  expect(most).toBeLessThan(BOUND);
});
