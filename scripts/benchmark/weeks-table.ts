import { existsSync, readFileSync } from 'node:fs';

/** What is shown of a result of `scripts/bench weeks`. */
interface WeeksResult {
  machine: string;
  memory: string;
  date: string;
  postgresql: string;
  workMem: string;
  eventsPerYear: number;
  weeks: number;
  original: { seconds: number };
  dayboard: { seconds: number };
  backfill?: { seconds: number; oneByOneSeconds: number; originalEstimatedSeconds: number };
}

/** The lines of what `scripts/bench weeks` found; none when it was not run. */
export function weeksTable(file: string): string[] {
  if (!existsSync(file)) return [];
  const found = JSON.parse(readFileSync(file, 'utf8')) as WeeksResult;
  const { original, dayboard, backfill, weeks } = found;
  const row = (...cells: string[]) => `| ${cells.join(' | ')} |`;
  const times = (original.seconds / dayboard.seconds).toFixed(0);
  return [
    '',
    row(
      '',
      `pass-emploi, ${(found.eventsPerYear / 1e6).toFixed(0)} million events a year, ${weeks} weeks of them`,
    ),
    '|---|---|',
    row('the four tables of a week: the original’s statements', seconds(original.seconds)),
    row('the same: dayboard, from the events on', `${seconds(dayboard.seconds)}: ${times} times faster`),
    ...(backfill === undefined
      ? []
      : [
          row(
            `${weeks} weeks: the original, each as that one`,
            `${seconds(backfill.originalEstimatedSeconds)}, estimated`,
          ),
          row(`${weeks} weeks: dayboard, one by one`, seconds(backfill.oneByOneSeconds)),
          row(`${weeks} weeks: dayboard, in one pass`, seconds(backfill.seconds)),
        ]),
    '',
    `${found.date}, ${found.machine}, ${found.memory}, PostgreSQL ${found.postgresql}, work_mem ${found.workMem} for both; every row of that week is the same on both sides.`,
  ];
}

function seconds(value: number): string {
  return `${value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })} s`;
}
