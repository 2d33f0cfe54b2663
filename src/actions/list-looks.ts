import { type Action, type ActionId, type ActionState, type Place, SCREENS } from './action.ts';

interface Look {
  id: ActionId;
  places: readonly Place[];
  keys: string[];
  label: string;
  help: string;
  footer?: number;
  off?: (state: ActionState) => string | undefined;
  /** Without it the action is about this screen alone. */
  cli?: (state: ActionState) => string | undefined;
}

function look({ id, places, keys, label, help, footer, off, cli }: Look): Action {
  return {
    id,
    places,
    keys,
    label,
    help,
    group: 'look',
    danger: 'read',
    ...(footer === undefined ? {} : { footer }),
    disabledReason: off ?? (() => undefined),
    cli: cli ?? (() => undefined),
    ...(cli === undefined ? { screenOnly: true as const } : {}),
  };
}

function showRun(state: ActionState): string | undefined {
  return state.run === undefined ? undefined : `dayboard runs show ${state.run.id}`;
}

/** The cell that the cursor is on, else the relation. */
function showSelected({ cells: [cell], derived, run }: ActionState): string | undefined {
  if (derived !== undefined) return `dayboard freshness ${derived}`;
  if (cell !== undefined) return `dayboard status ${cell.period} ${cell.dataset}`;
  return run === undefined ? undefined : `dayboard runs show ${run.id}`;
}

const noRun = (state: ActionState) =>
  state.logged === undefined ? 'there is no run that this is about' : undefined;

export const LOOKS: readonly Action[] = [
  look({
    id: 'open',
    places: ['board', 'files'],
    keys: ['enter'],
    label: 'last run',
    help: 'open the last run of the cell, or its details where it has none',
    footer: 40,
    cli: showSelected,
  }),
  look({
    id: 'open',
    places: ['runs', 'audit'],
    keys: ['enter', 'l', 'right'],
    label: 'open',
    help: 'open the run',
    footer: 10,
    off: (state) => (state.run === undefined ? 'there is no run that this is about' : undefined),
    cli: showRun,
  }),
  look({
    id: 'open',
    places: ['run', 'freshness'],
    keys: ['enter'],
    label: 'details',
    help: 'the failed run that keeps the relation back, else everything known of the line under the cursor',
    footer: 40,
    cli: showSelected,
  }),
  look({
    id: 'chain',
    places: ['freshness'],
    keys: ['right', 'l', 'tab'],
    label: 'why',
    help: 'into the chain of what the relation reads; there Enter opens what a line is about, and Esc leads out',
    footer: 39,
    cli: () => 'dayboard freshness',
  }),
  look({
    id: 'open',
    places: ['sizes'],
    keys: ['enter'],
    label: 'indexes, parts',
    help: 'every index and every partition of the relation under the cursor',
    footer: 10,
    cli: () => 'dayboard sizes',
  }),
  ...[
    { places: ['board', 'runs', 'files', 'scripts', 'audit'] as const, footer: 43 },
    { places: ['run'] as const, footer: 61 },
  ].map((where) =>
    look({
      id: 'log',
      ...where,
      keys: ['o'],
      label: 'log',
      help: 'the whole log of the run: of this one, or the last one of the cell',
      off: noRun,
      cli: (state) => (state.logged === undefined ? undefined : `dayboard runs follow ${state.logged}`),
    }),
  ),
  look({
    id: 'log.follow',
    places: ['log'],
    keys: ['f'],
    label: 'follow',
    help: 'stay at the end of the log as it grows, or stop doing so',
    footer: 10,
  }),
  look({
    id: 'log.wrap',
    places: ['log'],
    keys: ['w'],
    label: 'wrap',
    help: 'long lines on several rows, or cut',
    footer: 20,
  }),
  look({
    id: 'log.next',
    places: ['log'],
    keys: ['n'],
    label: 'next',
    help: 'the next line that has what is searched for',
    footer: 12,
    off: (state) => (state.searched === true ? undefined : '/ searches'),
  }),
  look({
    id: 'log.previous',
    places: ['log'],
    keys: ['N'],
    label: 'previous',
    help: 'the line before that has what is searched for',
    off: (state) => (state.searched === true ? undefined : '/ searches'),
  }),
  look({
    id: 'filter',
    places: ['log'],
    keys: ['/'],
    label: 'search',
    help: 'search the log; n and N go on',
    footer: 11,
  }),
  look({
    id: 'filter',
    places: ['board', 'runs', 'freshness', 'files', 'scripts', 'audit', 'sizes'],
    keys: ['/'],
    label: 'filter',
    help: 'show only the lines that have these words; !word those that have it not',
    footer: 64,
  }),
  look({
    id: 'volume',
    places: ['board', 'files'],
    keys: ['H'],
    label: 'volume',
    help: 'the rows of each day of the table under the cursor, the last weeks under their weekdays, odd days marked',
    off: ({ cells }) => (cells.length === 0 ? 'there is no table under the cursor' : undefined),
    cli: ({ cells: [cell] }) => (cell === undefined ? undefined : `dayboard status -56 ${cell.dataset}`),
  }),
  look({
    id: 'palette',
    places: SCREENS,
    keys: [':'],
    label: 'command',
    help: 'a command by its words: sync yesterday, table, run, context',
    footer: 66,
  }),
  look({
    id: 'copy',
    places: SCREENS,
    keys: ['y'],
    label: 'copy',
    help: 'copy the command line that does the same as this, or a name, key, date or error',
    footer: 65,
  }),
  look({
    id: 'log.earlier',
    places: ['run'],
    keys: ['pageup'],
    label: 'earlier log',
    help: 'earlier lines of the log',
  }),
  look({
    id: 'log.later',
    places: ['run'],
    keys: ['pagedown'],
    label: 'later log',
    help: 'later lines of the log; at its end it is followed again',
  }),
  look({
    id: 'background',
    places: ['run'],
    keys: ['b'],
    label: 'leave it running',
    help: 'go back and leave the run going',
    footer: 35,
    off: (state) => (state.run?.state === 'running' ? undefined : 'the run has ended'),
    cli: (state) => (state.run === undefined ? undefined : `dayboard runs follow ${state.run.id}`),
  }),
  look({
    id: 'back',
    places: ['runs', 'run', 'log', 'freshness', 'files', 'scripts', 'audit', 'sizes'],
    keys: ['esc', 'backspace'],
    label: 'back',
    help: 'back',
    footer: 60,
  }),
  look({
    id: 'reload',
    places: SCREENS,
    keys: ['r', 'ctrl-r'],
    label: 'reload',
    help: 'ask the source what it has, and read the ledger again',
    off: (state) => (state.lost === undefined ? undefined : `the connection is lost: ${state.lost}`),
    cli: () => 'dayboard status',
  }),
  look({
    id: 'show.scripts',
    places: SCREENS,
    keys: ['5'],
    label: 'scripts',
    help: "the project's psql scripts, their parameters and how they went",
    footer: 73,
    cli: () => 'dayboard script',
  }),
  look({ id: 'wider', places: ['board'], keys: ['+', '='], label: 'wider days', help: 'wider days' }),
  look({
    id: 'narrower',
    places: ['board'],
    keys: ['-'],
    label: 'narrower days',
    help: 'narrower days: more of them',
  }),
  look({
    id: 'show.board',
    places: SCREENS,
    keys: ['1'],
    label: 'board',
    help: 'the board',
    cli: () => 'dayboard status',
  }),
  look({
    id: 'show.runs',
    places: SCREENS,
    keys: ['2'],
    label: 'runs',
    help: 'the list of runs',
    footer: 70,
    cli: () => 'dayboard runs',
  }),
  look({
    id: 'show.freshness',
    places: SCREENS,
    keys: ['3'],
    label: 'freshness',
    help: 'how far every relation reaches, and why not further',
    footer: 71,
    cli: () => 'dayboard freshness',
  }),
  look({
    id: 'show.files',
    places: SCREENS,
    keys: ['4'],
    label: 'files',
    help: 'what the source has for each delivery, beside what is loaded of it',
    footer: 72,
    cli: () => 'dayboard status',
  }),
  look({
    id: 'show.audit',
    places: SCREENS,
    keys: ['6'],
    label: 'audit',
    help: 'who did what, when, in which context: runs, cancels, forced guards, what was taken back or deleted',
    footer: 74,
    cli: () => 'dayboard runs audit',
  }),
  look({
    id: 'show.sizes',
    places: SCREENS,
    keys: ['7'],
    label: 'sizes',
    help: 'what tables and indexes take on the server, and which indexes no query asks',
    footer: 75,
    cli: () => 'dayboard sizes',
  }),
  look({
    id: 'help',
    places: SCREENS,
    keys: ['?'],
    label: 'help',
    help: 'this; Enter does what the cursor is on',
    footer: 80,
  }),
  look({
    id: 'suspend',
    places: SCREENS,
    keys: ['ctrl-z'],
    label: 'suspend',
    help: 'back to the shell; fg goes on here',
  }),
  look({
    id: 'quit',
    places: SCREENS,
    keys: ['q', 'ctrl-c'],
    label: 'quit',
    help: 'quit; asks when a run that was started here is in flight',
    footer: 90,
  }),
];
