import { afterEach, describe, expect, it } from 'vitest';
import { TerminalInput, type MouseEvent } from '../../src/console/terminal-input.ts';
import { type ConsoleUnderTest, openConsole } from '../support/console.ts';
import '../support/show.ts';

let open: ConsoleUnderTest | undefined;
afterEach(async () => {
  open?.press('ctrl-c', 'ctrl-c', 'ctrl-c');
  await open?.ended;
  await open?.workspace.close();
});

/** What a terminal writes for a button, at a line and column of the screen from 0. */
const button = (code: number, row: number, column: number) => `\u001b[<${code};${column + 1};${row + 1}M`;

async function start() {
  open = openConsole({ options: { mouse: true } });
  await expect(open.screen).toShow('2 failed');
  return open;
}

const at = (lines: string[], text: string) => {
  const row = lines.findIndex((line) => line.includes(text));
  return { row, column: lines[row]?.indexOf(text) ?? -1 };
};

describe('the mouse', () => {
  it('puts the cursor where it clicks, and a second click is Enter', async () => {
    const { screen, type } = await start();
    const lines = await screen.waitFor('▸subscriptions');
    const failed = lines.findIndex((line) => line.startsWith(' events'));
    const column = lines[failed]?.indexOf('✘') ?? -1;
    type(button(0, failed, column));
    await expect(screen).toShow('▸events');
    await expect(screen).toShow(/events +2026-11-13|2026-11-13.*events/u);
    type(button(0, failed, column));
    await expect(screen).toShow(/runs › \d+/u);
  });

  it('moves in lists by its wheel, and opens what is clicked twice', async () => {
    const { screen, press, type } = await start();
    press('2');
    await expect(screen).toShow('dayboard › runs');
    const first = at(await screen.waitFor(/▸/u), '▸');
    type(button(65, 5, 5));
    await screen.waitFor((lines) => at(lines, '▸').row === first.row + 3);
    type(button(64, 5, 5));
    await screen.waitFor((lines) => at(lines, '▸').row === first.row);
    type(button(0, first.row + 2, 10));
    await screen.waitFor((lines) => at(lines, '▸').row === first.row + 2);
  });

  it('is asked for and let go, and is nobody’s unless somebody wants it', async () => {
    const { output, press, ended } = await start();
    expect(output.join('')).toContain('\u001b[?1000h\u001b[?1006h');
    press('q');
    await ended;
    expect(output.join('')).toContain('\u001b[?1006l\u001b[?1000l');
    open = openConsole();
    await expect(open.screen).toShow('2 failed');
    expect(open.output.join('')).not.toContain('\u001b[?1000h');
  });
});

describe('what a terminal tells', () => {
  const hear = (...pieces: string[]) => {
    const told: unknown[] = [];
    const input = new TerminalInput({
      onFocus: (gained) => told.push(gained),
      onBackground: (background) => told.push(background),
      onMouse: (event: MouseEvent) => told.push(event),
    });
    return { keys: pieces.map((piece) => input.keys(piece)).join(''), told };
  };

  it.each([
    ['\u001b]11;rgb:ffff/ffff/ffff\u001b\\', 'light'],
    ['\u001b]11;rgb:fdfd/f6f6/e3e3\u0007', 'light'],
    ['\u001b]11;rgb:00/2b/36\u0007', 'dark'],
    ['\u001b]11;rgba:1e1e/1e1e/1e1e/ffff\u0007', 'dark'],
  ])('of its background is no key (%j)', (answer, background) => {
    expect(hear(`j${answer}k`)).toEqual({ keys: 'jk', told: [background] });
    for (let cut = 2; cut < answer.length; cut += 1)
      expect(hear(`j${answer.slice(0, cut)}`, `${answer.slice(cut)}k`)).toEqual({
        keys: 'jk',
        told: [background],
      });
  });

  it('of the mouse is no key, and buttons that mean nothing are nothing', () => {
    expect(hear('\u001b[<0;3;5M\u001b[<0;3;5m', 'q')).toEqual({
      keys: 'q',
      told: [{ kind: 'click', column: 2, row: 4 }],
    });
    expect(hear('\u001b[<2;3;5M\u001b[<35;9;9M')).toEqual({ keys: '', told: [] });
  });

  it('leaves Esc, arrows and pasted text as they are', () => {
    for (const keys of ['\u001b', '\u001b[A', '\u001b[200~\u001b]11;no\u001b[201~', 'é界'])
      expect(hear(keys).keys).toBe(keys);
  });
});

describe('the background', () => {
  it('that the terminal tells decides the colours', async () => {
    open = openConsole({ options: { color: '256', background: 'dark', askBackground: true } });
    await expect(open.screen).toShow('2 failed');
    expect(open.output.join('')).toContain('\u001b]11;?\u001b\\');
    expect(open.output.join('')).not.toContain('38;5;160');
    open.type('\u001b]11;rgb:ffff/ffff/ffff\u001b\\');
    open.press('right');
    await screenSays(open, '38;5;160');
  });
});

async function screenSays({ output, screen }: ConsoleUnderTest, bytes: string): Promise<void> {
  await screen.waitFor(() => output.join('').includes(bytes));
}
