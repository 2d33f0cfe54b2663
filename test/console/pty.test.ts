import { afterAll, beforeAll, expect, it } from 'vitest';
import { rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { displayWidth } from '../../src/console/width.ts';
import { bundleProgram } from '../support/bundle.ts';
import { openTerminal, type TestTerminal } from '../support/terminal.ts';
import { until } from '../support/until.ts';
import '../support/show.ts';

let program: string;
let terminal: TestTerminal | undefined;

beforeAll(async () => {
  program = await bundleProgram(new URL('../support/fake-console.ts', import.meta.url));
});

afterAll(() => {
  terminal?.kill();
  rmSync(program, { force: true });
});

function open(
  cols: number,
  rows: number,
  options: object = {},
  env: Record<string, string | undefined> = {},
): TestTerminal {
  terminal = openTerminal({
    command: process.execPath,
    args: [program, JSON.stringify(options)],
    cols,
    rows,
    env,
  });
  return terminal;
}

it('repairs a failed day in a real terminal, and leaves the terminal as it was', async () => {
  const console = open(80, 24, { beatMs: 20 });
  await expect(console).toShow('2 failed');
  console.press('i');
  await expect(console).toShow('1 delivery to do');
  console.press('enter');
  await expect(console).toShow('is done in');
  console.press('esc');
  await expect(console).toShow('✓ loaded');
  await expect(console).toShow('1 failed');
  console.press('q');
  expect(await console.exit).toEqual({ code: 0, signal: undefined });
  const lines = console.screen().filter((line) => line !== '');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^dayboard: web-stats in preprod; run 1901 is done in .*: 1 published\.$/u);
});

it('keeps what is typed while it starts', async () => {
  const console = open(80, 24);
  console.type('\u001b[B');
  await expect(console).toShow(/2026-11-13 fri {2}events/u);
  expect(console.screen().join('\n')).not.toContain('[B');
  console.press('q');
  await console.exit;
});

it('follows the size of the terminal', async () => {
  const console = open(200, 50);
  await expect(console).toShow('2 failed');
  console.resize(80, 24);
  await expect(console).toShow(
    (lines) => /^ dayboard › board .* UTC$/u.test(lines[0] ?? '') && (lines[23] ?? '').includes('q quit'),
  );
  console.resize(40, 10);
  await expect(console).toShow('needs 60x16');
  console.press('q');
  await console.exit;
});

it('draws without colours and with ASCII alone where that is all there is', async () => {
  const console = open(80, 24, {}, { NO_COLOR: '1', TERM: 'linux' });
  const lines = await console.waitFor('2 failed');
  expect(lines.join('')).toMatch(/^[\u0020-\u007e]*$/u);
  expect(console.svg()).not.toContain('#ff875f');
  console.press('q');
  await console.exit;
});

it('writes little for a move of the cursor, also at 200x50', async () => {
  const console = open(200, 50, { tables: 60 });
  await expect(console).toShow(/listed \d+s ago/u);
  console.press('left');
  await expect(console).toShow(/2026-11-12 thu {2}subscriptions/u);
  const before = console.written;
  console.press('right');
  await expect(console).toShow(/2026-11-13 fri {2}subscriptions/u);
  expect(console.written - before).toBeLessThan(2048);
  console.press('q');
  await console.exit;
});

it('is gone at once with ctrl-c twice, a run in flight or not', async () => {
  // Without beats the run stays in flight.
  const console = open(80, 24);
  await expect(console).toShow('2 failed');
  console.press('i');
  await expect(console).toShow('1 delivery to do');
  console.press('enter');
  await expect(console).toShow('/4 steps');
  console.press('ctrl-c');
  await expect(console).toShow('QUIT while a run is in flight?');
  console.press('ctrl-c');
  expect((await console.exit).code).toBe(0);
});

it('goes back to the shell with ctrl-z, and on with fg as it was', async () => {
  terminal = openTerminal({
    command: 'bash',
    args: ['--norc', '-i'],
    cols: 80,
    rows: 24,
    env: { PS1: '$ ' },
  });
  terminal.type(`'${process.execPath}' '${program}' '{"mouse":true}'\r`);
  await expect(terminal).toShow('2 failed');
  await until(() => terminal?.leftOn().includes('mouse reports') === true);
  terminal.press('down');
  await expect(terminal).toShow(/2026-11-13 fri {2}events/u);
  terminal.press('ctrl-z');
  await expect(terminal).toShow(/Stopped/u);
  expect(terminal.leftOn()).not.toContain('mouse reports');
  terminal.type('echo still "here"\r');
  await expect(terminal).toShow('still here');
  terminal.type('fg\r');
  await expect(terminal).toShow(/2026-11-13 fri {2}events/u);
  terminal.press('q');
  await expect(terminal).toShow(/nothing was run from here/u);
  terminal.kill('SIGKILL');
});

it('keeps a dialog and a run through any change of size, also to one that is too small', async () => {
  const console = open(80, 24, { beatMs: 20 });
  await expect(console).toShow('2 failed');
  console.press('i');
  await expect(console).toShow('1 delivery to do');
  console.resize(300, 80);
  await expect(console).toShow((lines) => lines.length === 80 && (lines[0]?.length ?? 0) > 200);
  console.resize(40, 10);
  await expect(console).toShow('needs 60x16');
  console.resize(60, 16);
  await expect(console).toShow('1 delivery to do');
  console.press('enter');
  await expect(console).toShow('/4 steps');
  console.resize(200, 50);
  // The run may have ended before the size changed.
  await expect(console).toShow(
    (lines) => lines.join('\n').includes('is done in') && (lines[0]?.length ?? 0) > 150,
  );
  console.press('q');
  await console.exit;
});

it('takes what is pasted into an input as text, and elsewhere as nothing', async () => {
  const console = open(80, 24);
  await expect(console).toShow('2 failed');
  await until(() => console.leftOn().includes('bracketed paste'));
  console.paste('i\rq');
  await expect(console).toShow('What was pasted was left out');
  console.press('/');
  await expect(console).toShow('Enter keep it');
  console.paste('subscr\n');
  await expect(console).toShow('/subscr   Enter keep it');
  await console.waitFor((lines) => !lines.join('\n').includes('events'));
  console.press('ctrl-c', 'ctrl-c');
  await console.exit;
});

it('draws what is wide as wide as it is', async () => {
  const message = '訪問者の列 "hour" が読めません。'.repeat(8);
  const failing = {
    'load subscriptions': { code: 'x', message, facts: {}, next: '再送を依頼してください。' },
  };
  const console = open(80, 24, { beatMs: 20, failing });
  await expect(console).toShow('2 failed');
  console.press('i');
  await expect(console).toShow('1 delivery to do');
  console.press('enter');
  await expect(console).toShow('run 1901 failed in');
  console.press('enter');
  const lines = await console.waitFor(/[╭┌][^]*訪問者の列[^]*[╰└]/u);
  const edges = lines.filter((line) => line.endsWith('│')).map(displayWidth);
  expect(edges.length).toBeGreaterThan(4);
  expect(new Set(edges).size).toBe(1);
  console.press('ctrl-c', 'ctrl-c');
  await console.exit;
});

const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const TMUX = `dayboard-${process.pid}`;
// It would outlive a test that fails.
afterAll(() => void spawnSync('tmux', ['-L', TMUX, 'kill-server']));

it.skipIf(!hasTmux)('is left running in tmux, and gone on with from a terminal of another size', async () => {
  const tmux = (cols: number, rows: number, ...args: string[]) =>
    openTerminal({
      command: 'tmux',
      args: ['-u', '-f', '/dev/null', '-L', TMUX, ...args],
      cols,
      rows,
    });
  const first = tmux(100, 30, 'new-session', process.execPath, program, '{"beatMs":50}');
  await expect(first).toShow('2 failed');
  first.press('i');
  await expect(first).toShow('1 delivery to do');
  first.press('enter');
  await expect(first).toShow('/4 steps');
  first.press('ctrl-b', 'd');
  await first.waitFor('detached');
  expect(first.leftOn()).toEqual([]);
  terminal = tmux(80, 25, 'attach');
  await expect(terminal).toShow('is done in');
  expect(terminal.screen().every((line) => displayWidth(line) <= 80)).toBe(true);
  terminal.press('q');
  expect((await terminal.exit).code).toBe(0);
});

it('leaves the mouse alone inside GNU screen, and lets go of it for the shell', async () => {
  const mouse = '\u001b[?1000h';
  const within = open(
    80,
    24,
    { mouse: true },
    { TERM: 'screen-256color', COLORTERM: undefined, STY: '1.pts' },
  );
  await expect(within).toShow('2 failed');
  within.press('q');
  await within.exit;
  expect(within.output()).not.toContain(mouse);
  // The 256 colours that its name tells of.
  expect(within.output()).toContain('38;5;');
  const console = open(80, 24, { mouse: true });
  await expect(console).toShow('2 failed');
  await until(() => console.leftOn().includes('mouse reports'));
  // A report that comes in pieces, and one that is garbled, are no keys: q would quit.
  console.type('\u001b[<64;');
  console.type('5;5M\u001b[<99;q');
  console.press('?');
  await expect(console).toShow('KEYS');
  console.press('ctrl-c', 'ctrl-c');
  expect((await console.exit).code).toBe(0);
  expect(console.leftOn()).toEqual([]);
});
