import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { addPeriods } from '../../src/project/period.ts';
import type { Project } from '../../src/project/model.ts';
import { openTerminal, type TestTerminal } from '../../test/support/terminal.ts';
import { type Bench, createDatabase, say, withClient } from './bench.ts';
import { fillLedger, tableName, TABLES, writeProject } from './console-ledger.ts';
import { startRuns } from './live-runs.ts';
import { describeMachine, keepResult, median, round } from './result.ts';
import { type KeyServer, serveKeys } from './s3-keys.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const DATABASE = 'console';
const RUNS = 8;
const KEYS = 200_000;
/** As S3 has them. */
const PAGE_KEYS = 1_000;
const SIZES = [
  { cols: 80, rows: 24 },
  { cols: 200, rows: 50 },
];
const LONG_MS = 120_000;

interface Place {
  bench: Bench;
  project: Project;
  today: string;
  keys: KeyServer;
}

/**
 * The console in a real terminal on a ledger of three years of 60 tables while 8 runs report progress: how long until
 * it is painted, how long from a key to its paint, and how many bytes that writes; beside the start of Node alone and
 * of the least that Ink can draw. The source, of 200,000 keys, does not answer before the first paint.
 */
export async function consoleBench(bench: Bench, { quick }: { quick: boolean }): Promise<void> {
  await createDatabase(bench, DATABASE);
  const project = await writeProject(bench.folder);
  const today = new Date().toISOString().slice(0, 10);
  say('filling the ledger');
  const cells = await withClient(bench.postgres, DATABASE, (client) => fillLedger(client, project, today));
  const hello = await helloProgram(bench.folder);
  const runs = await startRuns(bench.postgres.connectionString(DATABASE), project, RUNS, today);
  const place = { bench, project, today, keys: await serveKeys([]) };
  try {
    const starts = quick ? 5 : 15;
    say(`${starts} starts`);
    const opened = await measureStarts(place, hello, starts);
    say('keys');
    const moved = await measureKeys(place, quick ? 100 : 400);
    say('runs that begin elsewhere');
    const elsewhere = await measureElsewhere(place, quick ? 5 : 20);
    say('a listing of 200,000 keys');
    const listed = await measureListing(place, quick ? 40 : 100);
    await keepResult(`console${quick ? '-quick' : ''}`, {
      benchmark: 'console',
      ...(await describeMachine(bench)),
      cells,
      runs: RUNS,
      start: opened,
      keys: moved,
      elsewhere,
      whileListing: listed,
    });
  } finally {
    place.keys.close();
    await runs.stop();
  }
}

function open(
  place: Place,
  size: { cols: number; rows: number },
  endpoint = place.keys.endpoint,
): TestTerminal {
  const { bench } = place;
  return openTerminal({
    command: process.execPath,
    args: [join(ROOT, 'bin', 'dayboard.cjs')],
    ...size,
    cwd: bench.folder,
    env: {
      HOME: bench.folder,
      XDG_CACHE_HOME: join(bench.folder, 'cache'),
      XDG_CONFIG_HOME: join(bench.folder, 'config'),
      NODE_OPTIONS: undefined,
      DATABASE_URL: bench.postgres.connectionString(DATABASE),
      S3_BUCKET_NAME: 'bench',
      S3_ENDPOINT: endpoint,
      S3_REGION: 'us-east-1',
      S3_ACCESS_KEY_ID: 'key',
      S3_SECRET_ACCESS_KEY: 'secret',
    },
  });
}

/** Every part is there: tables with their days, the panel, what the keys do. */
function isPainted(screen: readonly string[]): boolean {
  const cells = screen.filter(
    (line) => line.includes('_of_the_bench') && (line.match(/✓/gu)?.length ?? 0) > 5,
  );
  return cells.length > 5 && (screen.at(-1) ?? '').includes('q quit');
}

async function measureStarts(place: Place, hello: string, times: number) {
  const node: number[] = [];
  const ink: Painted[] = [];
  const small: Painted[] = [];
  const large: Painted[] = [];
  const [narrow, wide] = SIZES as [(typeof SIZES)[0], (typeof SIZES)[0]];
  // The first one of each fills the caches.
  for (let time = 0; time <= times; time += 1) {
    node.push(await milliseconds(() => exited(process.execPath, ['-e', '0'])));
    ink.push(
      await untilPainted(openTerminal({ command: process.execPath, args: [hello], ...narrow }), 'bare ink'),
    );
    small.push(await untilPainted(open(place, narrow), isPainted));
    large.push(await untilPainted(open(place, wide), isPainted));
  }
  await untilAsked(place);
  const tookOf = (painted: readonly Painted[]) => painted.slice(1).map((each) => each.milliseconds);
  const cpuOfAll = (painted: readonly Painted[]) =>
    round(median(painted.slice(1).map((each) => each.cpuMilliseconds ?? Number.NaN)));
  return {
    bareNodeMilliseconds: round(median(node.slice(1))),
    bareInkMilliseconds: round(median(tookOf(ink))),
    bareInkCpuMilliseconds: cpuOfAll(ink),
    paintedMilliseconds: { '80x24': round(median(tookOf(small))), '200x50': round(median(tookOf(large))) },
    paintedCpuMilliseconds: { '80x24': cpuOfAll(small), '200x50': cpuOfAll(large) },
    slowestMilliseconds: {
      '80x24': round(Math.max(...tookOf(small))),
      '200x50': round(Math.max(...tookOf(large))),
    },
    timesBareInk: round(median(tookOf(large)) / median(tookOf(ink))),
  };
}

/** Starts end before the source is asked, which comes after the first paint: that it is asked at all is seen here. */
async function untilAsked(place: Place): Promise<void> {
  const terminal = open(place, SIZES[1] as (typeof SIZES)[0]);
  try {
    await terminal.waitFor(() => place.keys.pages > 0, LONG_MS);
  } finally {
    terminal.kill('SIGTERM');
    await terminal.exit;
  }
}

interface Painted {
  milliseconds: number;
  /** What its process used until then, all threads; undefined where the system does not tell. */
  cpuMilliseconds: number | undefined;
}

/** Linux counts in hundredths of a second. */
function cpuOf(pid: number): number | undefined {
  if (!existsSync(`/proc/${pid}/stat`)) return undefined;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Milliseconds from the start of a program, which just happened, until its screen shows what is awaited; then it is ended. */
async function untilPainted(
  terminal: TestTerminal,
  awaited: Parameters<TestTerminal['waitFor']>[0],
): Promise<Painted> {
  const started = performance.now();
  try {
    await terminal.waitFor(awaited, LONG_MS);
    const milliseconds = performance.now() - started;
    return { milliseconds, cpuMilliseconds: cpuOf(terminal.pid) };
  } finally {
    // Not killed: what Node has compiled is kept at a process's end.
    terminal.kill('SIGTERM');
    await terminal.exit;
  }
}

async function measureKeys(place: Place, times: number) {
  const terminal = open(place, SIZES[1] as (typeof SIZES)[0]);
  try {
    await terminal.waitFor(isPainted, LONG_MS);
    const moves = await cursorMoves(terminal, place.today, times);
    const quiet = await bytesOfMoves(terminal, place.today, Math.min(60, times));
    return { size: '200x50', presses: times, ...moves, bytesPerMove: quiet };
  } finally {
    terminal.kill('SIGKILL');
    await terminal.exit;
  }
}

/** From before a run is begun, by another connection than the console's, until the console shows it in flight. */
async function measureElsewhere(place: Place, times: number) {
  const terminal = open(place, SIZES[1] as (typeof SIZES)[0]);
  try {
    await terminal.waitFor(isPainted, LONG_MS);
    terminal.press('2');
    await terminal.waitFor('› runs', LONG_MS);
    const took: number[] = [];
    for (let time = 0; time < times; time += 1) {
      const started = performance.now();
      const run = await startRuns(
        place.bench.postgres.connectionString(DATABASE),
        place.project,
        1,
        place.today,
      );
      const shown = new RegExp(`running +${run.ids[0] ?? ''} `, 'u');
      await terminal.waitFor((screen) => screen.some((line) => shown.test(line)), LONG_MS);
      took.push(performance.now() - started);
      await run.stop();
    }
    return { times, medianMilliseconds: round(median(took)), slowestMilliseconds: round(Math.max(...took)) };
  } finally {
    terminal.kill('SIGKILL');
    await terminal.exit;
  }
}

/** The panel's title tells where the cursor is. */
function isAt(day: string, table: number): (screen: readonly string[]) => boolean {
  const title = new RegExp(`${day} \\w{3}  ${tableName(table)}`, 'u');
  return (screen) => screen.some((line) => title.test(line));
}

/** Moves right and left, up and down, one key after the other's paint, with pauses as between a person's keys. */
async function cursorMoves(terminal: TestTerminal, today: string, times: number) {
  const took: number[] = [];
  await goTo(terminal, today);
  const path = [
    { key: 'right', day: -9, table: 0 },
    { key: 'down', day: -9, table: 1 },
    { key: 'left', day: -10, table: 1 },
    { key: 'up', day: -10, table: 0 },
  ];
  for (let time = 0; time < times; time += 1) {
    const { key, day, table } = path[time % path.length] as (typeof path)[0];
    const started = performance.now();
    terminal.press(key);
    await terminal.waitFor(isAt(addPeriods(today, day), table));
    took.push(performance.now() - started);
    await pause(20 + ((time * 37) % 90));
  }
  return percentiles(took);
}

async function goTo(terminal: TestTerminal, today: string): Promise<void> {
  terminal.press('t');
  terminal.type('-10\r');
  terminal.press('g', 'g');
  await terminal.waitFor(isAt(addPeriods(today, -10), 0), LONG_MS);
}

/** Bytes of a move's own paint: the median counts those in which no progress was painted. */
async function bytesOfMoves(terminal: TestTerminal, today: string, times: number): Promise<number> {
  const written: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const before = terminal.written;
    terminal.press(time % 2 === 0 ? 'right' : 'left');
    await terminal.waitFor(isAt(addPeriods(today, time % 2 === 0 ? -9 : -10), 0));
    written.push(terminal.written - before);
    await pause(60);
  }
  return median(written);
}

/** The same keys while a listing of 200,000 keys comes in. */
async function measureListing(place: Place, times: number) {
  const keys = Array.from({ length: TABLES }, (_, index) => keysOf(tableName(index), place.today))
    .flat()
    .sort();
  const server = await serveKeys(keys);
  const terminal = open(place, SIZES[1] as (typeof SIZES)[0], server.endpoint);
  try {
    await terminal.waitFor(isPainted, LONG_MS);
    server.open();
    const began = performance.now();
    const moves = await cursorMoves(terminal, place.today, times);
    const pagesMeanwhile = server.pages;
    await terminal.waitFor(() => server.pages >= keys.length / PAGE_KEYS, LONG_MS);
    await terminal.waitFor(/listed \d+s ago/u, LONG_MS);
    return {
      keys: keys.length,
      presses: times,
      ...moves,
      pagesMeanwhile,
      milliseconds: round(performance.now() - began),
    };
  } finally {
    terminal.kill('SIGKILL');
    await terminal.exit;
    server.close();
  }
}

/** A table's deliveries and as many other files beside them as make the whole. */
function keysOf(name: string, today: string): string[] {
  const each = Math.round(KEYS / TABLES);
  return Array.from({ length: each }, (_, index) => {
    const period = addPeriods(today, -1 - (index % 1095));
    const ending = ['.csv', '.csv.sha256', '.manifest.json', '.log'][Math.floor(index / 1095)];
    return `${name}/${name}_${period}${ending}`;
  });
}

function percentiles(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN);
  return { p50Milliseconds: at(0.5), p99Milliseconds: at(0.99), maxMilliseconds: at(1) };
}

/** The least that Ink draws, bundled as dayboard is. */
async function helloProgram(folder: string): Promise<string> {
  const entry = join(ROOT, '.dayboard', 'hello.mjs');
  await build({
    stdin: {
      contents: `import { render, Text } from 'ink'; import { createElement } from 'react'; render(createElement(Text, null, 'bare ink'), { alternateScreen: true }); setTimeout(() => undefined, 60000); process.on('SIGTERM', () => process.exit());`,
      resolveDir: ROOT,
      sourcefile: entry,
    },
    outdir: folder,
    entryNames: 'hello',
    outExtension: { '.js': '.mjs' },
    splitting: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['react-devtools-core'],
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
    banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    logLevel: 'silent',
  });
  const launcher = join(folder, 'hello.cjs');
  const cache = JSON.stringify(join(folder, 'cache-hello'));
  await writeFile(launcher, `require('module').enableCompileCache(${cache}); import('./hello.mjs');`);
  return launcher;
}

function exited(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    spawn(command, args, { stdio: 'ignore' })
      .on('exit', () => resolve())
      .on('error', reject);
  });
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
