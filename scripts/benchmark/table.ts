import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Statement } from './statements.ts';
import { weeksTable } from './weeks-table.ts';

const RESULTS = join(import.meta.dirname, '..', 'bench-results');
const SIZES = ['60', '365'] as const;

/** What the table shows of a result of `scripts/bench reimport`. */
interface Result {
  machine: string;
  memory: string;
  date: string;
  postgresql: string;
  settings: Record<string, string>;
  days: number;
  rowsPerDay: number;
  shell: Record<'new' | 'again', { seconds: number; phases: Record<string, number> }>;
  dayboard: Record<'new' | 'again', { seconds: number; statements: Statement[] }> &
    Partial<Record<'undoAgain' | 'undoNew', { seconds: number }>>;
  alone: { floorSeconds: number; loadAndPublishSeconds: number };
}

/** The table of the stored results: one column for each size that was measured. */
export function benchmarkTable(): string {
  const results = SIZES.map((size) => join(RESULTS, `reimport-${size}.json`))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as Result);
  const [smallest] = results;
  if (smallest === undefined) return 'Not measured yet.';
  const row = (name: string, cell: (result: Result) => string) =>
    `| ${[name, ...results.map(cell)].join(' | ')} |`;
  const table = [
    row('', ({ days, rowsPerDay }) => `${days} days, ${millions(days * rowsPerDay)} visits`),
    `|${'---|'.repeat(results.length + 1)}`,
    row(
      'a new day: the shell way',
      ({ shell }) => `${seconds(shell.new.seconds)} (${parts(shell.new.phases)})`,
    ),
    row('a new day: dayboard', ({ shell, dayboard }) => beside(dayboard.new.seconds, shell.new.seconds)),
    row('its longest statements, on up to three connections', ({ dayboard }) =>
      byWork(dayboard.new.statements),
    ),
    row('the day again, corrected: the shell way', ({ shell }) => seconds(shell.again.seconds)),
    row('the day again, corrected: dayboard', ({ shell, dayboard }) =>
      beside(dayboard.again.seconds, shell.again.seconds),
    ),
    row('`undo` of the correction', ({ dayboard }) =>
      share(dayboard.undoAgain?.seconds, dayboard.again.seconds),
    ),
    row('`undo` of the day', ({ dayboard }) => share(dayboard.undoNew?.seconds, dayboard.new.seconds)),
    ...(results.length < 2
      ? []
      : [
          row('a new day: dayboard, against the shorter history', ({ dayboard }) =>
            percent(dayboard.new.seconds / smallest.dayboard.new.seconds),
          ),
        ]),
    row('`COPY` of the file into a bare unlogged table', ({ alone }) => seconds(alone.floorSeconds)),
    row(
      'load and publish, without rollups',
      ({ alone }) =>
        `${seconds(alone.loadAndPublishSeconds)}, ${(alone.loadAndPublishSeconds / alone.floorSeconds).toFixed(1)} times that`,
    ),
  ];
  return [
    ...table,
    '',
    results.map(measuredOn).join('\n'),
    ...weeksTable(join(RESULTS, 'weeks.json')),
    ...largeObject(),
    ...scriptCopy(),
    ...consoleFigures(),
    ...enduranceFigures(),
  ].join('\n');
}

/** What statements of a publish are for. */
const WORK: ReadonlyArray<readonly [name: string, text: RegExp]> = [
  ['`COPY`', /^COPY/],
  ['enrichment', /^CREATE (UNLOGGED )?TABLE \S+_p" AS/],
  ['indexes', /^(CREATE (UNIQUE )?INDEX|ANALYZE)/],
  ['groups of the day', /_agg_30d_v2/],
  ['groups of months', /by_month|monthly_visits/],
];

/** How long statements took together, by what they are for. */
function byWork(statements: readonly Statement[]): string {
  const sums = new Map<string, number>();
  for (const { seconds: took, text } of statements) {
    const name = WORK.find(([, test]) => test.test(text))?.[0] ?? 'others';
    sums.set(name, (sums.get(name) ?? 0) + took);
  }
  const named = [...WORK.map(([name]) => name), 'others'].filter((name) => sums.has(name));
  return named.map((name) => `${name} ${(sums.get(name) ?? 0).toFixed(2)}`).join(', ');
}

/** What `scripts/bench object` found, in a sentence. */
function largeObject(): string[] {
  const file = join(RESULTS, 'object.json');
  if (!existsSync(file)) return [];
  const { date, large, atOnce } = JSON.parse(readFileSync(file, 'utf8')) as {
    date: string;
    large: Record<'megabytes' | 'timesFloor' | 'maxRssMegabytes' | 'cpuSecondsPer80Megabytes', number>;
    atOnce: Record<'files' | 'timesFaster' | 'loopDelayP99Milliseconds', number>;
  };
  return [
    '',
    `An object of ${(large.megabytes / 1000).toFixed(0)} GB is staged in ${large.timesFloor.toFixed(2)} times the time of a bare \`COPY\`, with ${Math.round(large.maxRssMegabytes)} MB of memory and ${large.cpuSecondsPer80Megabytes.toFixed(2)} s of CPU for each 80 MB;`,
    `${atOnce.files} at once are ${atOnce.timesFaster.toFixed(1)} times faster than one after another, and hold the event loop for ${Math.round(atOnce.loopDelayP99Milliseconds)} ms at the 99th percentile (\`./scripts/bench object\`, ${date}).`,
  ];
}

/** What `scripts/bench copy` found. */
function scriptCopy(): string[] {
  const file = join(RESULTS, 'copy.json');
  if (!existsSync(file)) return [];
  const { date, megabytes, psqlVersion, psql, dayboard, timesPsql, tenthOfTheSize } = JSON.parse(
    readFileSync(file, 'utf8'),
  ) as CopyResult;
  const megabytesOf = ({ maxRssMegabytes }: Memory) =>
    maxRssMegabytes === undefined ? 'unknown memory' : `${Math.round(maxRssMegabytes)} MB of memory`;
  return [
    '',
    `A \`\\copy\` of ${(megabytes / 1000).toFixed(0)} GB in a script takes ${timesPsql.toFixed(2)} times as long as in ${psqlVersion.replace(/^psql \(PostgreSQL\) (\S+).*/, 'psql $1')} (${seconds(dayboard.copySeconds)}, ${seconds(psql.copySeconds)}),`,
    `with ${megabytesOf(dayboard)}; for a tenth of the file it is ${megabytesOf(tenthOfTheSize)} (\`./scripts/bench copy\`, ${date}).`,
  ];
}

interface Memory {
  maxRssMegabytes?: number;
}

interface CopyResult {
  date: string;
  megabytes: number;
  psqlVersion: string;
  psql: { copySeconds: number };
  dayboard: { copySeconds: number } & Memory;
  timesPsql: number;
  tenthOfTheSize: Memory;
}

/** What `scripts/bench console` found. */
function consoleFigures(): string[] {
  const file = join(RESULTS, 'console.json');
  if (!existsSync(file)) return [];
  const { date, cells, runs, start, keys, elsewhere, whileListing } = JSON.parse(
    readFileSync(file, 'utf8'),
  ) as ConsoleResult;
  const ms = (value: number) => `${Math.round(value)} ms`;
  return [
    '',
    `The console on a ledger of ${cells.toLocaleString('en')} cells while ${runs} runs report progress, in a real terminal (\`./scripts/bench console\`, ${date}):`,
    `painted ${ms(start.paintedMilliseconds['80x24'])} after its process starts at 80x24 and ${ms(start.paintedMilliseconds['200x50'])} at 200x50, where Node alone takes ${ms(start.bareNodeMilliseconds)} and the least that Ink draws ${ms(start.bareInkMilliseconds)};`,
    `from a key to its paint at 200x50 ${ms(keys.p50Milliseconds)} (99th percentile ${ms(keys.p99Milliseconds)}), with ${keys.bytesPerMove} bytes for a move of the cursor;`,
    `a run that begins on another terminal is shown after ${ms(elsewhere.medianMilliseconds)} (${ms(elsewhere.slowestMilliseconds)} at most in ${elsewhere.times});`,
    `while a listing of ${whileListing.keys.toLocaleString('en')} keys comes in ${ms(whileListing.p50Milliseconds)} (${ms(whileListing.p99Milliseconds)}).`,
  ];
}

interface ConsoleResult {
  date: string;
  cells: number;
  runs: number;
  start: {
    bareNodeMilliseconds: number;
    bareInkMilliseconds: number;
    paintedMilliseconds: Record<'80x24' | '200x50', number>;
  };
  keys: { p50Milliseconds: number; p99Milliseconds: number; bytesPerMove: number };
  elsewhere: { times: number; medianMilliseconds: number; slowestMilliseconds: number };
  whileListing: { keys: number; p50Milliseconds: number; p99Milliseconds: number };
}

/** What `scripts/bench endurance` found. */
function enduranceFigures(): string[] {
  const file = join(RESULTS, 'endurance.json');
  if (!existsSync(file)) return [];
  const { date, days, datasets, backfill, short } = JSON.parse(readFileSync(file, 'utf8')) as EnduranceResult;
  const [first, last] = [short.held[0], short.held.at(-1)];
  if (first === undefined || last === undefined) return [];
  const megabytes = ({ heapMegabytes }: Held) => `${heapMegabytes.toFixed(1)} MB`;
  return [
    '',
    `${backfill.deliveries.toLocaleString('en')} deliveries, ${days} days of ${datasets} datasets, in one backfill take ${Math.round(backfill.seconds)} s; in the ${short.runs.toLocaleString('en')} runs in one process after it`,
    `the heap goes from ${megabytes(first)} to ${megabytes(last)}, with ${last.connections} connections, ${last.workTables} work tables and ${last.locks} locks held at the end (\`./scripts/bench endurance\`, ${date}).`,
  ];
}

interface Held {
  heapMegabytes: number;
  connections: number;
  workTables: number;
  locks: number;
}

interface EnduranceResult {
  date: string;
  days: number;
  datasets: number;
  backfill: { deliveries: number; seconds: number };
  short: { runs: number; held: Held[] };
}

/** Insert, enrichment, and everything after them. */
function parts(phases: Record<string, number>): string {
  const sum = (test: RegExp) =>
    Object.entries(phases).reduce((total, [name, each]) => total + (test.test(name) ? each : 0), 0);
  const named = [
    ['insert', /^(copy|insert)/],
    ['enrichment', /^enrich/],
    ['views and months', /^(refresh|fill)/],
  ] as const;
  return named.map(([name, test]) => `${name} ${sum(test).toFixed(1)}`).join(', ');
}

function beside(own: number, other: number): string {
  return `${seconds(own)}: ${(other / own).toFixed(other / own < 10 ? 1 : 0)} times faster`;
}

function share(own: number | undefined, other: number): string {
  return own === undefined ? '–' : `${seconds(own)}, ${percent(own / other)} of its import`;
}

function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} s`;
}

function percent(value: number): string {
  return `${Math.round(value * 100)} %`;
}

function millions(value: number): string {
  return `${(value / 1e6).toFixed(1)} million`;
}

function measuredOn({ days, machine, memory, date, postgresql, settings }: Result): string {
  const set = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return `${days} days: ${date}, ${machine}, ${memory}, PostgreSQL ${postgresql}, ${set.join(', ')}.`;
}
