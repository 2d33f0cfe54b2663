import fc from 'fast-check';
import xterm from '@xterm/headless';
import { expect, it } from 'vitest';
import { slim } from '../../src/console/slim.ts';

/** Characters with how they look, as a terminal has them after a drawing. */
async function drawn(output: string): Promise<string> {
  const terminal = new xterm.Terminal({ cols: 30, rows: 6, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(output, resolve));
  const cells: string[] = [];
  for (let row = 0; row < terminal.rows; row += 1) {
    const line = terminal.buffer.active.getLine(row);
    for (let column = 0; column < terminal.cols; column += 1) {
      const cell = line?.getCell(column);
      cells.push(
        `${cell?.getChars()}/${cell?.getFgColor()}/${cell?.getBgColor()}/${cell?.isBold()}/${cell?.isDim()}/${cell?.isInverse()}/${cell?.isUnderline()}`,
      );
    }
  }
  terminal.dispose();
  return cells.join('|');
}

it('says repeated styles once', () => {
  expect(slim('\u001b[1m\u001b[38;5;110m\u001b[22m\u001b[38;5;246m\u001b[39mtext')).toBe('\u001b[22;39mtext');
  expect(slim('a\u001b[31mb')).toBe('a\u001b[31mb');
});

it('steps over unchanged lines at once', () => {
  expect(slim('\u001b[E\u001b[E\u001b[Ex')).toBe('\u001b[3Ex');
});

it('draws the same', async () => {
  const code = fc.constantFrom(
    '0',
    '1',
    '2',
    '4',
    '7',
    '22',
    '24',
    '27',
    '31',
    '39',
    '97',
    '38;5;110',
    '48;5;235',
    '48;2;1;2;3',
    '49',
  );
  const piece = fc.oneof(
    code.map((each) => `\u001b[${each}m`),
    fc.constantFrom('x', 'yz', ' ', '\u001b[E', '\u001b[3G', '\u001b[K'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
      const output = pieces.join('');
      expect(await drawn(slim(output))).toBe(await drawn(output));
    }),
    { numRuns: 60 },
  );
});
