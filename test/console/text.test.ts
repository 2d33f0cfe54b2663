import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { clean } from '../../src/console/clean.ts';
import { Line, styles } from '../../src/console/line.ts';
import { cut, displayWidth, fit, fitMiddle, pad, wrap } from '../../src/console/width.ts';

describe('text from data', () => {
  it.each([
    ['CSI', 'a\u001b[31mb\u001b[2Jc', 'abc'],
    ['CSI in one byte', 'a\u009b31mb', 'ab'],
    ['a title', 'a\u001b]0;evil\u0007b', 'ab'],
    ['a link', '\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\', 'text'],
    ['OSC in one byte', 'a\u009d0;x\u009cb', 'ab'],
    ['a device string', 'a\u001bP1$rq\u001b\\b', 'ab'],
    ['an unfinished string', 'a\u001b]0;b', 'a0;b'],
    ['a two-byte escape', 'a\u001bcb\u001b(Bc', 'abc'],
    ['breaks', 'a\r\nb\tc\u2028d', 'a b c d'],
    ['controls', 'a\u0000\u0007\u0008b\u007fc\u0085d', 'abc d'],
    ['bidirectional marks', 'a\u202eb\u2066c', 'abc'],
    ['zero-width characters', 'a\u200bb\ufeffc\u00add', 'abcd'],
    ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
    ['what is harmless', 'éa字🙂', 'éa字🙂'],
  ])('%s', (_, text, expected) => {
    expect(clean(text)).toBe(expected);
  });

  it('is clean after one cleaning, and shows no control', () => {
    const bytes = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\u001b', '[', ']', 'P', '\\', '\u0007', '\u009b', '\u009c', '31', 'm', ';', '\n'),
        fc.string({ unit: 'binary', maxLength: 2 }),
      ),
    });
    fc.assert(
      fc.property(bytes, (text) => {
        const once = clean(text);
        expect(clean(once)).toBe(once);
        expect(once).not.toMatch(/[\p{Control}\p{Surrogate}\p{Bidi_Control}]/u);
      }),
    );
  });
});

describe('widths', () => {
  it('count columns: wide characters two, marks none', () => {
    expect(['abc', '字', 'e\u0301', '✓', '…'].map(displayWidth)).toEqual([3, 2, 1, 1, 1]);
  });

  it('cut between characters, never through a wide one', () => {
    expect(cut('a字b', 2)).toBe('a');
    expect(cut('a字b', 3)).toBe('a字');
    expect(fit('user_daily_visits', 8)).toBe('user_da…');
    expect(fit('user_daily_visits', 8, '..')).toBe('user_d..');
    expect(fit('ab', 0)).toBe('');
  });

  it('keep the ends of names', () => {
    expect(fitMiddle('support_by_channel_and_language_2', 20)).toBe('support_by…anguage_2');
  });

  it('hold for any text and width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.nat(30), (text, width) => {
        expect(stringWidth(fit(text, width))).toBeLessThanOrEqual(width);
        expect(stringWidth(fitMiddle(text, width))).toBeLessThanOrEqual(width);
        expect(stringWidth(pad(text, width))).toBe(width);
        for (const line of wrap(text, Math.max(2, width), 3))
          expect(stringWidth(line)).toBeLessThanOrEqual(Math.max(2, width));
      }),
    );
  });

  it('wrap at spaces, and mark what is left out', () => {
    expect(wrap('one two three four', 9, 5)).toEqual(['one two', 'three', 'four']);
    expect(wrap('one two three four five', 9, 2)).toEqual(['one two', 'three fo…']);
    expect(wrap('abcdefghij', 4, 5)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrap('', 10, 5)).toEqual([]);
    // Conjoining jamo that no syllable holds: one cluster, as wide as each of them.
    expect(wrap(`ab${'\u1100'.repeat(4)}`, 3, 5)).toEqual(['ab']);
  });
});

describe('a line', () => {
  it('writes a style where it changes, and takes it back at the end', () => {
    const line = new Line(20).add('a', '31').add('b', '31').add('c').add('d', '1');
    expect(line.end()).toBe('\u001b[0;31mab\u001b[0mc\u001b[0;1md\u001b[0m');
  });

  it('is never wider than its row', () => {
    expect(new Line(4).add('abc').add('字').end()).toBe('abc');
    expect(new Line(4).add('abcdef').add('g').end()).toBe('abcd');
  });

  it('fills to a column, ends at the right, and fills up', () => {
    expect(new Line(10).add('ab').to(4).add('c').end()).toBe('ab  c');
    expect(new Line(10).add('ab').right('xyz').end()).toBe('ab     xyz');
    expect(new Line(4).add('ab').full()).toBe('ab  ');
  });

  it('lets no escape through with a text', () => {
    expect(new Line(20).add('a\u001b[2Jb\nc').end()).toBe('ab c');
  });

  it('puts styles on top of each other', () => {
    expect(styles('1', '', '48;5;235')).toBe('1;48;5;235');
  });
});
