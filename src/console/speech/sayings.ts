import { boundActions } from '../../actions/list.ts';
import { keyLabel } from '../../actions/table.ts';
import type { Clock } from '../clock.ts';
import { placeOf } from '../selection.ts';
import { COUNTED, runInFlight, runningText } from '../widgets/header.ts';
import type { ConsoleState } from '../state.ts';
import { contentsText } from './contents.ts';
import { dialogPosition, dialogText } from './dialog.ts';
import { lineOf, positionText } from './position.ts';

/** Everything that a listener has been told of the console: what differs from it is said next. */
export interface Told {
  /** Where keys go, and of what it is. */
  place: string;
  position: string;
  message: string;
  counts: string;
  /** How far the run in flight is, in tenths. */
  progress: string;
  connection: string;
  /** The list that is shown has been read. */
  listed: boolean;
  /** Lines of the log of the run that is open. */
  notes: number;
}

/** Nothing was said yet. */
export const SILENT: Told = {
  place: '',
  position: '',
  message: '',
  counts: '',
  progress: '',
  connection: '',
  listed: false,
  notes: 0,
};

/** More new lines of a log than these are counted. */
const MOST_NOTES = 10;

/**
 * What is said next, line by line: where one is when that is new, what the cursor is on, what happened. What only ticks
 * (clocks, ages, bars) is never said.
 */
export function sayings(before: Told, state: ConsoleState, clock: Clock): { told: Told; lines: string[] } {
  const told = toldOf(state, clock);
  const isNew = told.place !== before.place;
  const lines = [
    ...(isNew ? introduction(state, clock, told) : []),
    ...(!isNew && told.listed && !before.listed ? contentsText(state, clock) : []),
    ...(!isNew && told.counts !== before.counts && told.counts !== '' ? [`Now ${told.counts}.`] : []),
    ...(told.progress === before.progress || told.progress === ''
      ? []
      : [`${runningText(state, runInFlight(state) ?? '')} steps.`]),
    ...(told.connection === before.connection
      ? []
      : [told.connection === '' ? 'The connection is back.' : told.connection]),
    ...notes(state, isNew ? told.notes : before.notes),
    ...(told.position !== '' && (isNew || told.position !== before.position) ? [told.position] : []),
    ...(told.message !== '' && told.message !== before.message ? [told.message] : []),
  ];
  return { told, lines };
}

function toldOf(state: ConsoleState, clock: Clock): Told {
  const { dialog, message, lost, boardError } = state;
  return {
    place: [
      placeOf(state),
      dialog?.kind === 'details' ? dialog.title : '',
      state.screen === 'run' || state.screen === 'log' ? state.runView.id : '',
      dialog?.kind === 'plan' || dialog?.kind === 'script' ? 'made' : (dialog?.kind ?? ''),
      state.board === undefined ? 'unread' : '',
    ].join(' '),
    position: dialog === undefined ? positionText(state, clock) : dialogPosition(state, dialog),
    message: message === undefined ? '' : `${message.text}${message.tone === 'bad' ? ' (error)' : ''}`,
    counts: countsText(state),
    progress: progressOf(state),
    connection:
      lost === undefined
        ? boardError === undefined
          ? ''
          : `The ledger could not be read: ${boardError.message}`
        : `The connection is lost: ${lost.error.message} What was read before is kept.`,
    listed: dialog === undefined && lineOf(state, clock).total > 0,
    notes: openRun(state)?.notes.length ?? 0,
  };
}

function introduction(state: ConsoleState, clock: Clock, { counts }: Told): string[] {
  const { dialog, project, context } = state;
  if (dialog !== undefined) return dialogText(state, clock, dialog);
  const where = `${project.name} in ${context.name}${context.production ? ', production' : ''}${context.readOnly ? ', read-only' : ''}`;
  return [
    `${titleText(state)}. ${where}.`,
    ...(state.screen === 'board' ? [counts === '' ? 'All that is due is loaded.' : `${counts}.`] : []),
    ...contentsText(state, clock),
    `Keys: ${keysText(state)}.`,
  ];
}

const TITLES = {
  board: 'Board',
  runs: 'Runs',
  run: 'Run',
  log: 'Log of run',
  freshness: 'Freshness',
  files: 'Files at the source',
  scripts: 'Scripts',
  audit: 'Audit',
  sizes: 'Sizes',
} as const;

function titleText(state: ConsoleState): string {
  const run = openRun(state);
  return run === undefined
    ? TITLES[state.screen]
    : `${TITLES[state.screen]} ${run.id}, ${run.state}: ${run.cli}`;
}

/** The keys that the screen's footer offers, the most important first. */
function keysText(state: ConsoleState): string {
  const actions = boundActions(placeOf(state), state.context).filter(({ footer }) => footer !== undefined);
  return actions
    .sort((one, other) => (one.footer ?? 0) - (other.footer ?? 0))
    .map(({ keys, label }) => `${spokenKey(keys[0] ?? '')} ${label}`)
    .join(', ');
}

/** Arrows have names that can be said. */
function spokenKey(key: string): string {
  return ['up', 'down', 'left', 'right'].includes(key) ? key : keyLabel(key);
}

function countsText({ board }: ConsoleState): string {
  return COUNTED.filter((state) => state !== 'running')
    .flatMap((state) => {
      const number = board?.counts[state] ?? 0;
      return number === 0 ? [] : [`${number} ${state}`];
    })
    .join(', ');
}

/** Said ten times at most, however many steps there are. */
function progressOf(state: ConsoleState): string {
  const id = runInFlight(state);
  const [, ended, total] = /: (\d+)\/(\d+)/u.exec(id === undefined ? '' : runningText(state, id)) ?? [];
  if (id === undefined || total === undefined) return '';
  return `${id} ${Math.floor((10 * Number(ended)) / Math.max(1, Number(total)))}`;
}

function openRun(state: ConsoleState) {
  if (state.screen !== 'run' && state.screen !== 'log') return undefined;
  return state.models.get(state.runView.id ?? '');
}

/** Lines that came to the log; of a log that was just opened its end. */
function notes(state: ConsoleState, known: number): string[] {
  const run = openRun(state);
  if (run === undefined) return [];
  const came = run.notes.slice(state.screen === 'log' && known === run.notes.length ? -MOST_NOTES : known);
  const shown = came.slice(-MOST_NOTES);
  const more = came.length - shown.length;
  return [
    ...(more > 0 ? [`${more} lines before.`] : []),
    ...shown.map(({ step, message }) =>
      step === undefined
        ? message
        : `${step.kind} ${step.target}${step.period === undefined ? '' : ` ${step.period}`}: ${message}`,
    ),
  ];
}
