import { GUARDS, type PlanRequest } from '../plan/plan.ts';
import { DayboardError } from '../project/errors.ts';
import {
  type AggregateUnit,
  type Dataset,
  type Period,
  type Project,
  type Reprocess,
  REPROCESS,
} from '../project/model.ts';
import { didYouMean } from '../project/nearest.ts';
import { parsePeriods } from '../project/period.ts';

/** What PERIODS is when nobody says. */
const DEFAULT_PERIODS = 'yesterday';

const MOST_AT_ONCE = 32;

/** A mistake on the command line: exit code 2. */
export function usage(message: string, next?: string, code = 'usage.argument'): DayboardError {
  return new DayboardError({ code, kind: 'usage', message, ...(next === undefined ? {} : { next }) });
}

/** 'a, b' as ['a', 'b']. */
function listed(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/**
 * DATASETS of the command line, in the project's order: exact names, or all that are on.
 * @throws 'usage.dataset' for what the project does not have or what is switched off
 */
export function parseDatasets(text: string | undefined, project: Project): Dataset[] {
  const names = listed(text ?? '');
  if (names.length === 0) return project.datasets.filter((dataset) => dataset.off === undefined);
  const known = project.datasets.map((dataset) => dataset.name);
  for (const name of names) {
    const dataset = project.datasets.find((each) => each.name === name);
    if (dataset === undefined) throw unknownDataset(name, known);
    if (dataset.off !== undefined) {
      throw usage(
        `The dataset "${name}" is switched off: ${dataset.off}`,
        'Switch it on in the definition (remove `off`), or leave it out.',
        'usage.dataset-off',
      );
    }
  }
  return project.datasets.filter((dataset) => names.includes(dataset.name));
}

function unknownDataset(name: string, known: readonly string[]): DayboardError {
  return new DayboardError({
    code: 'usage.dataset',
    kind: 'usage',
    message: `There is no dataset "${name}".${didYouMean(name, known)}`,
    facts: { dataset: name },
    next: `There are: ${known.join(', ')}.`,
  });
}

/**
 * PERIODS of the command line for one dataset, oldest first.
 * @throws 'usage.period'; it says so when a dataset's name stands where the periods belong
 */
export function periodsOf(
  text: string,
  dataset: { period: AggregateUnit },
  project: Project,
  now: string,
): Period[] {
  try {
    return parsePeriods(text, { unit: dataset.period, now, timeZone: project.timeZone });
  } catch (thrown) {
    throw datasetsFirst(text, project) ?? thrown;
  }
}

function datasetsFirst(text: string, project: Project): DayboardError | undefined {
  const names = listed(text);
  const known = project.datasets.map((dataset) => dataset.name);
  if (!names.some((name) => known.includes(name))) return undefined;
  return usage(
    `"${text}" is a dataset, and periods stand before datasets.`,
    `Write the periods first, as in: yesterday ${text}`,
    'usage.period',
  );
}

/** The cells that PERIODS and DATASETS name. */
export function parseCells(
  input: { periods?: string | undefined; datasets?: string | undefined },
  project: Project,
  now: string,
): PlanRequest['cells'] {
  const text = input.periods ?? DEFAULT_PERIODS;
  const datasets = parseDatasets(input.datasets, project);
  return datasets.map((dataset) => ({
    dataset: dataset.name,
    periods: periodsOf(text, dataset, project, now),
  }));
}

/** --reprocess: words in a comma list. */
export function parseReprocess(text: string): Reprocess[] {
  const words = listed(text);
  for (const word of words) {
    if (!REPROCESS.some((each) => each === word)) {
      throw usage(
        `"${word}" is no reprocess word.${didYouMean(word, REPROCESS)}`,
        `Use ${REPROCESS.join(', ')}, or several with commas.`,
      );
    }
  }
  if (words.length === 0) throw usage('--reprocess says nothing.', `Use ${REPROCESS.join(', ')}.`);
  return REPROCESS.filter((word) => words.includes(word));
}

/** --force: names of guards in a comma list. */
export function parseGuards(text: string): string[] {
  const names = listed(text);
  for (const name of names) {
    if (!GUARDS.some((each) => each === name)) {
      throw usage(`"${name}" is no guard.${didYouMean(name, GUARDS)}`, `Guards are ${GUARDS.join(', ')}.`);
    }
  }
  if (names.length === 0) throw usage('--force names no guard.', `Guards are ${GUARDS.join(', ')}.`);
  return [...new Set(names)];
}

/** A whole number of an option. */
export function parseCount(text: string, option: string, most: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= most) return count;
  throw usage(`${option} must be a whole number from 1 to ${most}, not "${text}".`);
}

export function parseConcurrency(text: string): number {
  return parseCount(text, '--concurrency', MOST_AT_ONCE);
}

/**
 * What `refresh` is given: names, or names of aggregates and their periods.
 * @throws 'usage.name' for an unknown name, 'usage.argument' for periods of what has none
 */
export function parseRefresh(
  words: readonly string[],
  known: readonly string[],
  project: Project,
  now: string,
): Pick<PlanRequest, 'names' | 'aggregates'> {
  const isPeriods = (word: string) => PERIODS.test(word) && !known.includes(word);
  const periods = words.filter(isPeriods).join(',');
  const names = parseNames(
    words.filter((word) => !isPeriods(word)),
    known,
    'rollup, view or aggregate',
  );
  if (periods === '') return { names };
  const others = names.filter((name) => !project.aggregates.some((each) => each.name === name));
  if (others.length > 0 || names.length === 0)
    throw usage(
      others.length > 0
        ? `${others.join(', ')} is computed as a whole: ${periods} cannot be chosen.`
        : `${periods} of what? No aggregate is named.`,
      `Aggregates are: ${project.aggregates.map(({ name }) => name).join(', ') || 'none in this project'}.`,
    );
  const aggregates = project.aggregates
    .filter(({ name }) => names.includes(name))
    .map(({ name, period, timeZone }) => ({
      name,
      periods: parsePeriods(periods, { unit: period, now, timeZone }),
    }));
  return { names: [], aggregates };
}

/** What begins as a period does. */
const PERIODS = /^(?:\d{4}(?:-|$|\.\.)|-\d|yesterday|today)/;

/** Names of the project's rollups and views (or checks), each known. */
export function parseNames(names: readonly string[], known: readonly string[], kind: string): string[] {
  const wanted = names.flatMap(listed);
  for (const name of wanted) {
    if (known.includes(name)) continue;
    throw new DayboardError({
      code: 'usage.name',
      kind: 'usage',
      message: `There is no ${kind} "${name}".${didYouMean(name, known)}`,
      facts: { name },
      next: known.length === 0 ? `This project has none.` : `There are: ${known.join(', ')}.`,
    });
  }
  return [...new Set(wanted)];
}
