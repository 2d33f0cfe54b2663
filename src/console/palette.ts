import type { Action } from '../actions/action.ts';
import { helpActions } from '../actions/list.ts';
import { keyLabel } from '../actions/table.ts';
import { DEFAULT_REPROCESS } from '../plan/command-line.ts';
import type { PlanRequest } from '../plan/plan.ts';
import { toDayboardError } from '../project/errors.ts';
import type { Dataset } from '../project/model.ts';
import { addPeriods, parsePeriods, today } from '../project/period.ts';
import { fuzzy } from './fuzzy.ts';
import { actionState } from './selection.ts';
import { type ConsoleState, derivedOf } from './state.ts';

/** What a line of the palette does. */
export type PaletteCommand =
  | { kind: 'action'; action: Action }
  | { kind: 'plan'; request: PlanRequest; only: boolean }
  | { kind: 'date'; text: string }
  | { kind: 'table'; name: string }
  | { kind: 'run'; id: string }
  | { kind: 'context'; name: string }
  /** Needs more words; Enter writes it into the line. */
  | { kind: 'complete' };

export interface PaletteItem {
  /** As it is typed. */
  text: string;
  help: string;
  /** Why it cannot be done now. */
  off?: string;
  command: PaletteCommand;
}

/** Days back that are offered by name. */
const DAYS = 14;

interface Verb {
  name: string;
  takes: string;
  help: string;
  /** What stands for each of its words, the first word's first. */
  words: ReadonlyArray<(state: ConsoleState) => string[]>;
  read: (state: ConsoleState, words: readonly string[]) => PaletteCommand;
}

const VERBS: readonly Verb[] = [
  {
    name: 'sync',
    takes: 'PERIODS TABLES',
    help: 'import these days, of all tables or of some; shows the plan first',
    words: [periodWords, tableWords],
    read: (state, words) => planned(state, words, false),
  },
  {
    name: 'plan',
    takes: 'PERIODS TABLES',
    help: 'what a sync would do; runs nothing',
    words: [periodWords, tableWords],
    read: (state, words) => planned(state, words, true),
  },
  {
    name: 'refresh',
    takes: 'VIEW',
    help: 'compute a rollup or view',
    words: [(state) => derivedOf(state).map(({ name }) => name)],
    read: (state, words) => refreshed(state, words),
  },
  {
    name: 'date',
    takes: 'DAY',
    help: 'the board at a day',
    words: [periodWords],
    read: (_state, [text = '']) => ({ kind: 'date', text }),
  },
  {
    name: 'table',
    takes: 'NAME',
    help: 'the board at a table or view',
    words: [(state) => [...tableWords(state), ...derivedOf(state).map(({ name }) => name)]],
    read: (_state, [name = '']) => ({ kind: 'table', name }),
  },
  {
    name: 'run',
    takes: 'ID',
    help: 'a run by its number',
    words: [(state) => (state.whole?.board.runs ?? []).map(({ id }) => id)],
    read: (_state, [id = '']) => ({ kind: 'run', id }),
  },
  {
    name: 'context',
    takes: 'NAME',
    help: 'the same project in another context',
    words: [(state) => [...state.contexts]],
    read: (_state, [name = '']) => ({ kind: 'context', name }),
  },
];

function periodWords(state: ConsoleState): string[] {
  const last = today(state.now, state.project.timeZone).toString();
  const days = Array.from({ length: DAYS }, (_, back) => addPeriods(last, -1 - back));
  return ['yesterday', 'today', '-3', '-7', ...days];
}

function tableWords(state: ConsoleState): string[] {
  return state.project.datasets.filter((dataset) => dataset.off === undefined).map(({ name }) => name);
}

/** A sync of periods as the command line writes them, of all tables that are switched on or of those with commas. */
function planned(
  state: ConsoleState,
  [periods = '', names = '']: readonly string[],
  only: boolean,
): PaletteCommand {
  const { project, now } = state;
  const on = project.datasets.filter((dataset) => dataset.off === undefined);
  const datasets = names === '' ? on : names.split(',').map((name) => named(on, name));
  const cells = datasets.map((dataset) => ({
    dataset: dataset.name,
    periods: parsePeriods(periods, { unit: dataset.period, now, timeZone: dataset.timeZone }),
  }));
  const request: PlanRequest = {
    command: 'sync',
    cells,
    reprocess: [...DEFAULT_REPROCESS],
    names: [],
    concurrency: 4,
    force: [],
  };
  return { kind: 'plan', request, only };
}

function named(datasets: readonly Dataset[], name: string): Dataset {
  const found = datasets.find((dataset) => dataset.name === name);
  if (found === undefined) throw new RangeError(`there is no table "${name}"`);
  return found;
}

function refreshed(state: ConsoleState, words: readonly string[]): PaletteCommand {
  const [name = ''] = words;
  if (!derivedOf(state).some((each) => each.name === name))
    throw new RangeError(`there is no view "${name}"`);
  const request: PlanRequest = {
    command: 'refresh',
    cells: [],
    reprocess: [],
    names: [name],
    concurrency: 4,
    force: [],
  };
  return { kind: 'plan', request, only: false };
}

/** Lines that answer what is typed, the best first: what this screen can do, and verbs with their words completed. */
export function paletteItems(state: ConsoleState, typed: string): PaletteItem[] {
  const [first = '', ...rest] = typed.trimStart().split(/\s+/u);
  const verb = VERBS.find(({ name }) => name === first);
  if (verb !== undefined && typed.trimStart().includes(' ')) return verbItems(state, verb, rest);
  return fuzzy([...actionItems(state), ...VERBS.map(verbItem)], typed, (item) => item.text);
}

function verbItem({ name, takes, help }: Verb): PaletteItem {
  return { text: `${name} ${takes}`, help, command: { kind: 'complete' } };
}

function actionItems(state: ConsoleState): PaletteItem[] {
  return helpActions(actionState({ ...state, dialog: undefined }))
    .filter(({ action }) => action.group === 'do' || action.group === 'look' || action.group === 'select')
    .filter(({ action }) => action.id !== 'palette')
    .map(({ action, off }) => ({
      text: action.label,
      help: `${action.keys.map(keyLabel).join(' ')}  ${action.help}`,
      ...(off === undefined ? {} : { off }),
      command: { kind: 'action', action },
    }));
}

/** The verb with each word that can stand where one is typing; what is typed stands first when it can be done as it is. */
function verbItems(state: ConsoleState, verb: Verb, words: readonly string[]): PaletteItem[] {
  const before = words
    .slice(0, -1)
    .map((word) => `${word} `)
    .join('');
  const last = words.at(-1) ?? '';
  // Names are listed with commas: the last of them is being typed.
  const listed = last.slice(0, last.lastIndexOf(',') + 1);
  const choices = verb.words[words.length - 1]?.(state) ?? [];
  const completed = fuzzy(choices, last.slice(listed.length), (choice) => choice).map(
    (choice) => `${before}${listed}${choice}`,
  );
  const lines = last === '' ? [before.trim(), ...completed] : [`${before}${last}`, ...completed];
  return [...new Set(lines)].flatMap((line) => (line === '' ? [] : [lineItem(state, verb, line)]));
}

function lineItem(state: ConsoleState, verb: Verb, line: string): PaletteItem {
  const text = `${verb.name} ${line}`;
  const off = state.context.readOnly && (verb.name === 'sync' || verb.name === 'refresh');
  try {
    const command = verb.read(
      state,
      line.split(' ').filter((word) => word !== ''),
    );
    return {
      text,
      help: verb.help,
      command,
      ...(off ? { off: `context ${state.context.name} is read-only` } : {}),
    };
  } catch (thrown) {
    const why = thrown instanceof RangeError ? thrown.message : toDayboardError(thrown).message;
    return { text, help: verb.help, off: why, command: { kind: 'complete' } };
  }
}

/** What Tab writes into the line: the item's words, ready for the next one. */
export function completion(item: PaletteItem): string {
  if (item.command.kind !== 'complete') return item.text;
  return `${item.text.split(' ')[0] ?? ''} `;
}
