// Makes the README's pictures: drives dayboard in a pseudo-terminal, reads its screen from a virtual one, and writes
// what it shows as SVG. With --recordings: plays the operators' scenarios and writes each as a cast file of asciinema.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SCENARIOS } from '../test/console/scenarios.ts';
import { bundleProgram } from '../test/support/bundle.ts';
import { play } from '../test/support/scenario.ts';
import { openTerminal, type TestTerminal } from '../test/support/terminal.ts';

const { values: flags } = parseArgs({
  options: {
    png: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    recordings: { type: 'boolean', default: false },
  },
});

const ROOT = join(import.meta.dirname, '..');
const PICTURES = join(ROOT, 'scripts', 'pictures');
const RECORDINGS = join(ROOT, 'scripts', 'recordings');
const SIZES = [
  { cols: 80, rows: 24 },
  { cols: 200, rows: 50 },
];
/** The demo's first start makes a database and a bucket. */
const START_MS = 120_000;

type Shot = (name: string) => Promise<void>;

/** The demo loads its weeks while its board is open, and then the file of the missing day arrives. */
function isReady(screen: string[]): boolean {
  const status = screen[1] ?? '';
  return /✘ \d+ failed/u.test(status) && /o 1\b/u.test(status) && !/run \d+:/u.test(status);
}

/** How many days back the demo's missing day is; it is of the first table. */
const MISSING_DAY = '-3';

/** The board on its worst problem; the plan for the day that arrived and a stale one; their run; how fresh it is then. */
async function scene(terminal: TestTerminal, shot: Shot): Promise<void> {
  await terminal.waitFor(isReady, START_MS);
  await shot('board');
  terminal.press('t');
  terminal.type(`${MISSING_DAY}\r`);
  terminal.press('g', 'g');
  await terminal.waitFor('o available', START_MS);
  terminal.press('space', '[', '[', 'space', 'i');
  await terminal.waitFor('same as:');
  await shot('plan');
  terminal.press('enter');
  // A small run may be over before it is seen running.
  await terminal.waitFor(/▶ running[^]*▶ (load|publish|rollup|view)|run \d+ (is|was|failed) .*in /u);
  await shot('run');
  await terminal.waitFor(/run \d+ (is|was|failed) .*in /u, START_MS);
  terminal.press('o');
  await terminal.waitFor(/follow on/u);
  await shot('log');
  terminal.press('4');
  await terminal.waitFor(/LOADED/u);
  await shot('files');
  terminal.press(':');
  terminal.type('sync ');
  await terminal.waitFor('sync yesterday');
  await shot('palette');
  terminal.press('esc');
  await terminal.waitFor((screen) => !screen.join('\n').includes('COMMAND'));
  terminal.press('3');
  await terminal.waitFor('WHY');
  await shot('freshness');
  terminal.press('5');
  await terminal.waitFor('visits_of_day');
  terminal.press('enter');
  await terminal.waitFor('Enter plan');
  terminal.press('enter');
  await terminal.waitFor('same as:');
  terminal.press('enter');
  await terminal.waitFor(/run \d+ (is|was|failed) .*in /u, START_MS);
  terminal.press('5');
  await terminal.waitFor(/sizes +\d+ done/u);
  await shot('scripts');
  terminal.press('6');
  await terminal.waitFor(/script +\S+@/u);
  await shot('audit');
  terminal.press('7');
  await terminal.waitFor(/[KM]iB .*dataset/u);
  await shot('sizes');
  terminal.press('q');
  await terminal.exit;
}

/** Who made the pictures and where is nobody's business; a name of the same length keeps the columns. */
function anonymous(svg: string): string {
  const host = hostname();
  return svg.replaceAll(`@${host}`, `@${'db-1-replica-of-nobody'.slice(0, host.length)}`);
}

async function write(name: string, svg: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  writeFileSync(join(PICTURES, `${name}.svg`), svg);
  if (!flags.png) return;
  const { Resvg } = await import('@resvg/resvg-js');
  const font = { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans Mono' };
  writeFileSync(join(PICTURES, `${name}.png`), new Resvg(svg, { font }).render().asPng());
}

/** Each scenario as a file, and how long it took. */
async function record(): Promise<void> {
  mkdirSync(RECORDINGS, { recursive: true });
  const program = await bundleProgram(new URL('../test/support/fake-console.ts', import.meta.url));
  try {
    for (const scenario of SCENARIOS.filter(({ name }) => name.startsWith(flags.only))) {
      const { recording, seconds } = await play(program, scenario, { cols: 100, rows: 30 });
      writeFileSync(join(RECORDINGS, `${scenario.name}.cast`), recording.cast());
      console.log(
        `${seconds.toFixed(1).padStart(5)} s  ${scenario.name.padEnd(16)} the operator ${scenario.title}`,
      );
    }
  } finally {
    rmSync(program, { force: true });
  }
}

async function takePictures(): Promise<void> {
  for (const size of SIZES) {
    const folder = mkdtempSync(join(tmpdir(), 'dayboard-capture-'));
    const command = join(ROOT, 'scripts', 'dayboard');
    const terminal = openTerminal({ command, args: ['demo', '--dir', folder], ...size, cwd: ROOT });
    try {
      await scene(terminal, async (name) => {
        const file = `${name}-${size.cols}x${size.rows}`;
        if (!file.startsWith(flags.only)) return;
        await write(file, anonymous(terminal.svg()));
        console.log(`scripts/pictures/${file}.svg`);
      });
    } finally {
      terminal.kill();
      await terminal.exit;
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

await (flags.recordings ? record() : takePictures());
process.exit(0);
