import { afterAll, beforeAll, expect, it } from 'vitest';
import { rmSync } from 'node:fs';
import { bundleProgram } from '../support/bundle.ts';
import { openTerminal, type TestTerminal } from '../support/terminal.ts';
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
  const console = open(80, 24, { beatMs: 50 });
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
  terminal.type(`'${process.execPath}' '${program}' '{}'\r`);
  await expect(terminal).toShow('2 failed');
  terminal.press('down');
  await expect(terminal).toShow(/2026-11-13 fri {2}events/u);
  terminal.press('ctrl-z');
  await expect(terminal).toShow(/Stopped/u);
  terminal.type('echo still "here"\r');
  await expect(terminal).toShow('still here');
  terminal.type('fg\r');
  await expect(terminal).toShow(/2026-11-13 fri {2}events/u);
  terminal.press('q');
  await expect(terminal).toShow(/nothing was run from here/u);
  terminal.kill('SIGKILL');
});
