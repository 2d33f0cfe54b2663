import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHeader } from '../../src/load/header.ts';
import type { DayboardError } from '../../src/project/errors.ts';
import { collect, failure, streamOf, texts } from './fixtures.ts';

const BOM = '\ufeff';

function pass(file: string | Buffer, names: string[] = ['id', 'day', 'n'], size?: number): Promise<string> {
  return collect(checkHeader(streamOf(Buffer.from(file), size), texts(names).file));
}

async function refusal(file: string | Buffer, names?: string[]): Promise<DayboardError> {
  const errors = [];
  for (const size of [1, 64 * 1024]) errors.push((await failure(pass(file, names, size))) as DayboardError);
  expect(errors[0]?.toJSON()).toEqual(errors[1]?.toJSON());
  expect(errors[0]?.next).toContain('untouched');
  return errors[0] as DayboardError;
}

describe('a file whose header is the declared one goes on unchanged', () => {
  it.each([
    ['with LF', 'id,day,n\n1,2,3\n'],
    ['with CRLF', 'id,day,n\r\n1,2,3\r\n'],
    ['with CR', 'id,day,n\r1,2,3\r'],
    ['with quoted names', '"id","day",n\n1,2,3\n'],
    ['without rows', 'id,day,n\n'],
    ['without rows and without a line end', 'id,day,n'],
    ['without rows and with half a CRLF', 'id,day,n\r'],
  ])('%s', async (_what, file) => {
    for (const size of [1, 2, 7, 64 * 1024]) expect(await pass(file, undefined, size)).toBe(file);
  });

  it('but for a byte order mark', async () => {
    for (const size of [1, 2, 64 * 1024]) {
      expect(await pass(`${BOM}id,day,n\r\n1,${BOM},3`, undefined, size)).toBe(`id,day,n\r\n1,${BOM},3`);
      expect(await pass(`${BOM}"id",day,n`, undefined, size)).toBe('"id",day,n');
    }
  });

  it('whatever the names, their quoting and the chunks', async () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'é', ' ', '"', ',', '\n', '\r', "'", '😀'),
      minLength: 1,
      maxLength: 5,
    });
    const quoted = (each: string, always: boolean): string =>
      always || /[",\r\n]/.test(each) ? `"${each.replaceAll('"', '""')}"` : each;
    await fc.assert(
      fc.asyncProperty(
        fc.array(name, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 9 }),
        async (names, always, end, size) => {
          const file = [names.map((each) => quoted(each, always)).join(','), ...names].join(end);
          expect(await pass(file, names, size)).toBe(file);
        },
      ),
    );
  });
});

describe('another header is refused, saying how it differs', () => {
  it('a missing column', async () => {
    const error = await refusal('id,n\n1,2\n');
    expect(error.code).toBe('load.header');
    expect(error.facts).toMatchObject({ missing: 'day', declared: 'id, day, n', found: 'id, n', line: 1 });
    expect(error.message).toContain('missing: day');
  });

  it('an extra column', async () => {
    expect((await refusal('id,day,n,note\n')).facts).toMatchObject({
      extra: 'note',
      found: 'id, day, n, note',
    });
  });

  it('columns in another order', async () => {
    const error = await refusal('id,n,day\n');
    expect(error.facts).toMatchObject({ reordered: 'day, n' });
    expect(error.facts['missing']).toBeUndefined();
  });

  it('a column twice, another spelling, and a space', async () => {
    expect((await refusal('id,day,n,n\n')).facts).toMatchObject({ extra: 'n' });
    expect((await refusal('id,Day, n\n')).facts).toMatchObject({ missing: 'day, n', extra: 'Day, n' });
  });

  it('no header, but rows', async () => {
    expect((await refusal('17,2024-11-14,3\n')).facts).toMatchObject({ missing: 'id, day, n' });
  });

  it('another separator, which it names', async () => {
    expect((await refusal('id;day;n\n1;2;3\n')).message).toContain('separated by ";"');
    expect((await refusal('id\tday\tn\n')).message).toContain('separated by tabs');
  });

  it('control characters in a name are not shown', async () => {
    expect((await refusal('id,\u001b[31mday\u202e,n\n')).message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('a quote that is never closed is not read for ever', async () => {
    const endless = `"id,day,n\n${'1,2,3\n'.repeat(100_000)}`;
    const error = (await failure(pass(endless))) as DayboardError;
    expect(error).toMatchObject({
      code: 'load.header',
      message: expect.stringContaining('does not end within'),
    });
  });
});

describe('what is no CSV file is named', () => {
  it('no bytes', async () => {
    expect(await refusal('')).toMatchObject({ code: 'load.empty' });
    expect(await refusal(BOM)).toMatchObject({ code: 'load.empty' });
  });

  it('the XML body of an S3 error', async () => {
    const error = await refusal(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a</Key></Error>',
    );
    expect(error.code).toBe('load.not-csv');
    expect(error.message).toContain('NoSuchKey: The specified key does not exist');
    expect(error.facts).toMatchObject({
      bodyCode: 'NoSuchKey',
      bodyMessage: 'The specified key does not exist.',
    });
  });

  it('an HTML page, however long', async () => {
    const page = `${BOM}  <!doctype html>\n<html><head><title>502 Bad Gateway</title></head>${'<p>x</p>\n'.repeat(5_000)}`;
    expect((await refusal(page)).message).toContain('("502 Bad Gateway")');
  });

  it('a file in UTF-16', async () => {
    expect(await refusal(Buffer.from(`${BOM}id,day,n\n1,2,3\n`, 'utf16le'))).toMatchObject({
      code: 'load.encoding',
    });
  });
});
