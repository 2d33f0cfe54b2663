import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { DayboardError } from '../../project/errors.ts';
import { usage } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { ask } from '../confirm.ts';
import { EXIT } from '../exit-codes.ts';
import { configText, type InitAnswers, parseColumns } from '../init-config.ts';
import { canAsk } from '../io.ts';
import { examples, type Host } from './host.ts';

const FILE = 'dayboard.config.ts';

interface InitOptions {
  name?: string;
  timeZone?: string;
  dataset?: string;
  key?: string;
  columns?: string;
  table?: string;
  directory?: string;
  s3?: boolean;
  force?: boolean;
}

export function addInit(program: Command, host: Host): void {
  program
    .command('init')
    .summary(`writes a commented ${FILE}`)
    .description(
      `Writes a commented ${FILE} into the working directory, after asking for what the flags do not say.`,
    )
    .option('--name <name>', "the project's name (default: the folder's)")
    .option('--time-zone <zone>', "in which days begin: 'Europe/Paris' (default: UTC)")
    .option('--dataset <name>', 'the first dataset')
    .option(
      '--key <pattern>',
      "its objects' key, with {period} where the day stands (default: DATASET_{period}.csv)",
    )
    .option(
      '--columns <list>',
      "the file's columns in order with types: 'id:text,seen_at:timestamptz,note:text?'",
    )
    .option('--table <name>', "the raw table (default: the dataset's name)")
    .option('--directory <dir>', 'deliveries are files of this folder')
    .option('--s3', 'deliveries are objects of a bucket (default)')
    .option('--force', `replace a ${FILE} that is there; it is kept as ${FILE}.bak`)
    .addHelpText(
      'after',
      examples(
        ['dayboard init', 'asks'],
        ["dayboard init --dataset visits --columns 'id:text,seen_at:timestamptz'", 'asks nothing'],
      ),
    )
    .action((options, command) => host.run(command, (cli) => init(cli, options)));
}

async function init(cli: Cli, options: InitOptions): Promise<number> {
  const file = join(cli.io.cwd, FILE);
  if (options.directory !== undefined && options.s3 === true) {
    throw usage('Deliveries come from --directory or from --s3, not from both.');
  }
  if (existsSync(file) && options.force !== true) {
    throw usage(
      `${file} is there already; it was left as it is.`,
      'Edit it, or replace it with --force (it is kept as .bak).',
      'usage.exists',
    );
  }
  const answers = await gather(cli, options);
  const kept = existsSync(file);
  if (kept) copyFileSync(file, `${file}.bak`);
  writeFileSync(file, configText(answers));
  await mustLoad(cli, file, kept);
  cli.print([
    `Wrote ${file}.${kept ? ` The former one is ${FILE}.bak.` : ''}`,
    'Next: dayboard doctor looks whether it could run here, dayboard plan yesterday says what would be done.',
  ]);
  return EXIT.done;
}

/** Answers that make no definition leave nothing behind. */
async function mustLoad(cli: Cli, file: string, kept: boolean): Promise<void> {
  const { loadConfig } = await import('../../project/load-config.ts');
  try {
    const { definition } = await loadConfig({ config: file, directory: cli.io.cwd, systems: {} });
    definition.resolve(cli.io.env);
  } catch (thrown) {
    if (kept) copyFileSync(`${file}.bak`, file);
    else rmSync(file);
    throw thrown;
  }
}

/** Flags first; what they leave open is asked on a terminal, with a default where there is one. */
async function gather(cli: Cli, options: InitOptions): Promise<InitAnswers> {
  const asking = canAsk(cli.io) && (options.dataset === undefined || options.columns === undefined);
  const find = (flag: string, given: string | undefined, question: string, otherwise?: string) =>
    answer(cli, { asking, flag, given, question, otherwise });
  const name = await find('--name', options.name, 'Name of the project', projectName(cli.io.cwd));
  const timeZone = await find('--time-zone', options.timeZone, 'Time zone in which days begin', 'UTC');
  const dataset = await find('--dataset', options.dataset, 'Name of the first dataset, as in user_visits');
  const directory = await findDirectory(cli, options, asking);
  const key = await find(
    '--key',
    options.key,
    "Its objects' key, with {period} for the day",
    `${dataset}_{period}.csv`,
  );
  const listed = await find(
    '--columns',
    options.columns,
    "The file's columns in order, as in id:text,seen_at:timestamptz",
  );
  const table = await find('--table', options.table, 'The raw table', dataset);
  const columns = parseColumns(listed);
  if (columns === undefined) {
    throw usage(
      `"${listed}" is no list of columns.`,
      "Write names with types: --columns 'id:text,seen_at:timestamptz,note:text?'",
    );
  }
  return { name, timeZone, dataset, key, columns, table, ...(directory === undefined ? {} : { directory }) };
}

interface Question {
  asking: boolean;
  flag: string;
  given: string | undefined;
  question: string;
  otherwise: string | undefined;
}

async function answer(cli: Cli, { asking, flag, given, question, otherwise }: Question): Promise<string> {
  if (given !== undefined) return given;
  if (!asking) {
    if (otherwise !== undefined) return otherwise;
    throw usage(
      `${flag} is missing, and nobody can be asked here.`,
      '`dayboard init --help` lists the flags.',
    );
  }
  for (;;) {
    const text = await ask(cli, `${question}${otherwise === undefined ? '' : ` [${otherwise}]`}: `);
    if (text === undefined) throw left();
    if (text !== '') return text;
    if (otherwise !== undefined) return otherwise;
  }
}

async function findDirectory(cli: Cli, options: InitOptions, asking: boolean): Promise<string | undefined> {
  if (options.directory !== undefined || options.s3 === true || !asking) return options.directory;
  const text = await ask(cli, 'A folder that deliveries come from, empty for S3: ');
  if (text === undefined) throw left();
  return text === '' ? undefined : text;
}

function left(): DayboardError {
  return new DayboardError({ code: 'init.left', kind: 'interrupted', message: 'Nothing was written.' });
}

/** The folder's name as a project's: lower case, without what a name cannot have. */
function projectName(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .replace(/-+$/, '');
  return name === '' ? 'project' : name;
}
