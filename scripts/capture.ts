// Makes the README's pictures: drives dayboard in a pseudo-terminal, reads its screen from a virtual one, and writes
// what it shows as SVG.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleProgram } from '../test/support/bundle.ts';
import { openTerminal, type TestTerminal } from '../test/support/terminal.ts';

const { values: flags } = parseArgs({
  options: {
    fake: { type: 'boolean', default: false },
    png: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});

const ROOT = join(import.meta.dirname, '..');
const PICTURES = join(ROOT, 'scripts', 'pictures');
const SIZES = [
  { cols: 80, rows: 24 },
  { cols: 200, rows: 50 },
];
/** The demo's first start makes a database and a bucket. */
const START_MS = 120_000;

type Shot = (name: string) => Promise<void>;

/** The board on its worst problem; the plan for that whole day; its run; and how fresh what follows from it is. */
async function scene(terminal: TestTerminal, shot: Shot): Promise<void> {
  await terminal.waitFor(/listed \d+s ago/u, START_MS);
  await shot('board');
  terminal.press('V', 'i');
  await terminal.waitFor('same as:');
  await shot('plan');
  terminal.press('enter');
  // A small delivery may be done before it is seen running.
  await terminal.waitFor(/▶ running[^]*▶ (load|publish|rollup|view)|run \d+ (is|was|failed) .*in /u);
  await shot('run');
  await terminal.waitFor(/run \d+ (is|was|failed) .*in /u, START_MS);
  terminal.press('3');
  await terminal.waitFor('WHY');
  await shot('freshness');
  terminal.press('q');
  await terminal.exit;
}

async function program(): Promise<{ command: string; args: string[]; clean: () => void }> {
  if (flags.fake) {
    const file = await bundleProgram(new URL('../test/support/fake-console.ts', import.meta.url));
    return {
      command: process.execPath,
      args: [file, JSON.stringify({ beatMs: 250 })],
      clean: () => rmSync(file),
    };
  }
  const folder = mkdtempSync(join(tmpdir(), 'dayboard-capture-'));
  return {
    command: join(ROOT, 'scripts', 'dayboard'),
    args: ['demo', '--dir', folder],
    clean: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function write(name: string, svg: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  writeFileSync(join(PICTURES, `${name}.svg`), svg);
  if (!flags.png) return;
  const { Resvg } = await import('@resvg/resvg-js');
  const font = { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans Mono' };
  writeFileSync(join(PICTURES, `${name}.png`), new Resvg(svg, { font }).render().asPng());
}

for (const size of SIZES) {
  const { command, args, clean } = await program();
  const terminal = openTerminal({ command, args, ...size, cwd: ROOT });
  try {
    await scene(terminal, async (name) => {
      const file = `${name}-${size.cols}x${size.rows}`;
      if (!file.startsWith(flags.only)) return;
      await write(file, terminal.svg());
      console.log(`scripts/pictures/${file}.svg`);
    });
  } finally {
    terminal.kill();
    clean();
  }
}
process.exit(0);
