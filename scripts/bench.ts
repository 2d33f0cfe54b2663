// The benchmarks. usage: node scripts/bench.ts [console] [copy] [day] [endurance] [reimport] [object] [weeks] [--quick] [--days N]… [--set NAME=VALUE]… [--explain FILE]
import { parseArgs } from 'node:util';
import { withBench } from './benchmark/bench.ts';
import { consoleBench } from './benchmark/console.ts';
import { copy } from './benchmark/copy.ts';
import { day } from './benchmark/day.ts';
import { endurance } from './benchmark/endurance.ts';
import { object } from './benchmark/object.ts';
import { reimport } from './benchmark/reimport.ts';
import { weeks } from './benchmark/weeks.ts';

const USAGE = `usage: scripts/bench [console] [copy] [day] [endurance] [reimport] [object] [weeks] [options]     all when none is named

  console   three years of 60 tables while 8 runs report progress, in a real terminal: start to first
            paint, key to paint, bytes per key, beside bare Node and bare Ink
  copy      a psql script with a \\copy of 1 GB: psql beside dayboard, time and memory
  day       one day of visits through dayboard, beside a bare COPY of its file
  endurance a year of seven datasets in one run, and 1,000 short runs in one process: what is held of memory,
            connections, tables and files
  reimport  the same day the shell way (psql, enrichment, REFRESH) and with dayboard, on one server,
            over a history of visits; every result is compared

  object    an object of 10 GB through staging: memory, CPU, and several at once
  weeks     pass-emploi's four weekly tables of 20 million events a year: the original's statements and
            dayboard for one week, compared row by row; a year in one pass, and week by week

  --quick           a small size: a look within two minutes
  --weeks N         weeks: of how many there are events, from 12 to 52 (default 52: an hour)
  --days N          reimport: days of history, 200,000 visits each; may be given several times (default 60)
  --set NAME=VALUE  a setting of the server other than the benchmark's, as shared_buffers=128MB
  --explain FILE    reimport: the server's plans of dayboard's statements; slows them down

Results are printed and kept in scripts/bench-results.`;

const NAMES: ReadonlySet<string> = new Set([
  'console',
  'copy',
  'day',
  'endurance',
  'reimport',
  'object',
  'weeks',
]);

/** 60 days take a quarter of an hour and 20 GB of disk; 365 take about an hour and a half and 60 GB. */
const DEFAULT_DAYS = ['60'];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      days: { type: 'string', multiple: true, default: DEFAULT_DAYS },
      weeks: { type: 'string', default: '52' },
      set: { type: 'string', multiple: true, default: [] },
      explain: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const unknown = positionals.filter((name) => !NAMES.has(name));
  if (unknown.length > 0) throw new RangeError(`There is no benchmark "${unknown.join(' ')}".`);
  const days = values.days.map(Number);
  if (days.some((each) => !Number.isInteger(each) || each < 3))
    throw new RangeError(`--days takes a whole number from 3 on, not "${values.days.join(' ')}".`);
  if (!(Number(values.weeks) >= 12 && Number(values.weeks) <= 52))
    throw new RangeError(`--weeks takes a number from 12 to 52, not "${values.weeks}".`);
  const { quick } = values;
  const settings = Object.fromEntries(values.set.map(readSetting));
  const wants = (name: string) => positionals.length === 0 || positionals.includes(name);
  if (wants('console')) await withBench(settings, (bench) => consoleBench(bench, { quick }));
  if (wants('copy'))
    await withBench(settings, (bench) => copy(bench, { megabytes: quick ? 100 : 1000, quick }));
  if (wants('day')) await withBench(settings, (bench) => day(bench, { quick }));
  if (wants('endurance')) await withBench(settings, (bench) => endurance(bench, { quick }));
  if (wants('object'))
    await withBench(settings, (bench) => object(bench, { megabytes: quick ? 400 : 10_000, quick }));
  if (wants('weeks'))
    await withBench(settings, (bench) => weeks(bench, { quick, weeks: Number(values.weeks) }));
  if (!wants('reimport')) return;
  const sizes = quick ? [{ days: 8, rows: 20_000 }] : days.map((each) => ({ days: each, rows: 200_000 }));
  for (const size of sizes)
    await withBench(settings, (bench) => reimport(bench, { ...size, quick, explain: values.explain }));
}

function readSetting(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new RangeError(`--set takes NAME=VALUE, not "${text}".`);
  return [text.slice(0, at), text.slice(at + 1)];
}

try {
  await main();
} catch (thrown) {
  const isUsage = thrown instanceof RangeError || (thrown instanceof TypeError && 'code' in thrown);
  console.error(isUsage ? `${thrown.message}\n\n${USAGE}` : thrown);
  process.exitCode = isUsage ? 2 : 1;
}
