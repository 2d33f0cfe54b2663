import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, type ListPosition, listPage, readToken, writeToken } from '../../src/demo/s3/list.ts';

/** Keys that collide in prefixes and delimiters, and some where UTF-16 and UTF-8 sort differently. */
const key = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', '/', '-'), minLength: 1, maxLength: 6 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
);
const keys = fc.uniqueArray(key, { maxLength: 40 });

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe('a listing', () => {
  it('is in the order of the UTF-8 bytes', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(byBytes(a, b));
      }),
    );
    expect(compareKeys('\u{1F680}', '\uFF5E')).toBeGreaterThan(0);
  });

  it('gives every key or its common prefix once and in order, whatever the size of its pages', () => {
    fc.assert(
      fc.property(
        keys,
        fc.constantFrom('', 'a', 'a/', '/', 'zz'),
        fc.constantFrom('', '/', '-', 'a/'),
        fc.oneof(fc.constant(''), key),
        fc.integer({ min: 1, max: 7 }),
        (given, prefix, delimiter, startAfter, maxKeys) => {
          const objects = given.toSorted(compareKeys).map((text) => ({ key: text }));
          const found: string[] = [];
          let after: ListPosition | undefined;
          do {
            const page = listPage(objects, { prefix, delimiter, startAfter, maxKeys, after });
            const entries = [...page.contents.map((object) => object.key), ...page.commonPrefixes];
            expect(entries.length).toBeLessThanOrEqual(maxKeys);
            expect(page.next === undefined || entries.length === maxKeys).toBe(true);
            found.push(...entries.toSorted(compareKeys));
            after = page.next && readToken(writeToken(page.next));
            expect(after).toEqual(page.next);
          } while (after !== undefined);
          expect(found).toEqual(expectedListing(given, prefix, delimiter, startAfter));
        },
      ),
    );
  });

  it('is empty, and at its end, when no keys are asked for', () => {
    const request = { prefix: '', delimiter: '', startAfter: '', maxKeys: 0, after: undefined };
    expect(listPage([{ key: 'a' }], request)).toEqual({ contents: [], commonPrefixes: [], next: undefined });
  });

  it('knows a token that it did not make', () => {
    for (const token of ['', 'many/0999', 'bnVsbA', writeToken({ kind: 'key', text: 'a' }).slice(0, -3)]) {
      expect(readToken(token)).toBeUndefined();
    }
  });
});

function expectedListing(given: string[], prefix: string, delimiter: string, startAfter: string): string[] {
  const entries = given
    .filter((text) => text.startsWith(prefix) && (startAfter === '' || byBytes(text, startAfter) > 0))
    .map((text) => {
      const rest = text.slice(prefix.length);
      const end = delimiter === '' ? -1 : rest.indexOf(delimiter);
      return end < 0 ? text : prefix + rest.slice(0, end + delimiter.length);
    });
  return [...new Set(entries)].sort(byBytes);
}
