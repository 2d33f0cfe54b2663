import type { Command } from 'commander';
import type { Board } from '../../plan/board.ts';
import { affectedDerived } from '../../plan/derived.ts';
import type { Project } from '../../project/model.ts';
import { firstDay, lastDay } from '../../project/period.ts';
import { parseNames, periodsOf } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { EXIT } from '../exit-codes.ts';
import { tellUnlisted } from '../listing.ts';
import { statusJson, statusText } from '../output/status.ts';
import type { Session } from '../session.ts';
import { DATASETS, examples, type Host, PERIODS } from './host.ts';

/** Periods of each dataset when nobody says which. */
const COLUMNS = 14;

interface StatusOptions {
  json?: boolean;
}

interface StatusArguments {
  periods?: string | undefined;
  datasets?: string | undefined;
}

export function addStatus(program: Command, host: Host): void {
  program
    .command('status')
    .summary('the board as a table')
    .description(
      'The board as a table: which period of which dataset is missing, late, failed, suspicious or stale, why, and how fresh everything derived is.',
    )
    .argument(`[${PERIODS[0]}]`, `${PERIODS[1]} (default: the last ${COLUMNS})`)
    .argument(`[${DATASETS[0]}]`, 'names of datasets with commas; all by default')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      examples(
        ['dayboard status', `the last ${COLUMNS} periods`],
        ['dayboard status 2024-11-01..2024-11-30 sso', 'a month of one dataset'],
        [
          'dayboard status --json | jq \'.cells[] | select(.state == "missing")\'',
          'what is missing, for machines',
        ],
      ),
    )
    .action((periods, datasets, options, command) =>
      host.run(command, (cli) => status(cli, { periods, datasets }, options)),
    );
}

function status(cli: Cli, args: StatusArguments, options: StatusOptions): Promise<number> {
  return cli.withSession(async (session) => {
    const { project } = session.workspace;
    const wanted = wantedOf(args, project, cli.io.now());
    await lookAtSource(cli, session);
    const board = only(await session.workspace.board(wanted.range), project, wanted);
    if (options.json === true) cli.printJson(statusJson(board));
    else cli.print(statusText(board, cli.out));
    return EXIT.done;
  });
}

/** The board is worth showing without a source: why one cannot be listed is said beside it. */
async function lookAtSource(cli: Cli, { workspace }: Session): Promise<void> {
  if (!workspace.context.readOnly) tellUnlisted(cli, await workspace.list());
}

interface Wanted {
  range: { columns: number } | { first: string; last: string };
  periods?: ReadonlySet<string>;
  datasets?: readonly string[];
}

function wantedOf({ periods, datasets }: StatusArguments, project: Project, now: string): Wanted {
  const aggregates = project.aggregates.filter((each) => !each.onRequest);
  const rows = [...project.datasets, ...aggregates];
  const known = rows.map((row) => row.name);
  const kind = aggregates.length === 0 ? 'dataset' : 'dataset or aggregate';
  const names = datasets === undefined ? {} : { datasets: parseNames([datasets], known, kind) };
  if (periods === undefined) return { range: { columns: COLUMNS }, ...names };
  const wanted = new Set(rows.flatMap((row) => periodsOf(periods, row, project, now)));
  const days = [...wanted]
    .flatMap((period) => [firstDay(period).toString(), lastDay(period).toString()])
    .sort();
  return { range: { first: days[0] ?? '', last: days.at(-1) ?? '' }, periods: wanted, ...names };
}

/** The board with the wanted rows and cells, and what is derived from those rows. */
function only(board: Board, project: Project, { periods, datasets }: Wanted): Board {
  const rows = board.rows.filter((row) => datasets === undefined || datasets.includes(row.dataset));
  const affected = datasets === undefined ? undefined : affectedDerived(project, datasets);
  return {
    ...board,
    rows: rows.map((row) => ({
      ...row,
      cells: periods === undefined ? row.cells : row.cells.filter((cell) => periods.has(cell.period)),
    })),
    derived: board.derived.filter(
      ({ name }) => affected === undefined || affected.has(name) || datasets?.includes(name),
    ),
  };
}
