import type { ActionId } from '../actions/action.ts';
import { listTarget } from './moves.ts';
import type { Note, RunModel } from './run-model.ts';
import type { ConsoleState } from './state.ts';
import { displayWidth, wrap } from './width.ts';

/** A row of the log on the screen: a note's first line with its head, or what is wrapped of it. */
export interface LogRow {
  note: Note;
  text: string;
  first: boolean;
}

/** Columns of a line's time and the blanks around it. */
const TIME = 10;

/** Columns of the step's name, with a blank after it: none in a run of one step, whose lines are all of that. */
export function logNameWidth({ steps }: Pick<RunModel, 'steps'>, width: number): number {
  return steps.length === 1 ? 0 : width + 1;
}

/** Columns before a line's message, of its step in them, and of the message. */
export function logHead(
  run: Pick<RunModel, 'steps'>,
  columns: number,
): { before: number; name: number; message: number } {
  const name = logNameWidth(run, columns < 100 ? 24 : 40);
  return { before: TIME + name, name, message: Math.max(20, columns - TIME - name - 1) };
}

/** A log of thousands of lines is wrapped once for a width, not for each frame. */
const wrapped = new WeakMap<readonly Note[], { width: number; wrap: boolean; rows: LogRow[] }>();

/** Most rows that one message takes. */
const MOST_ROWS = 20;

export function logRows(run: RunModel | undefined, columns: number, wraps: boolean): LogRow[] {
  if (run === undefined) return [];
  const { notes } = run;
  const width = logHead(run, columns).message;
  const known = wrapped.get(notes);
  if (known !== undefined && known.width === width && known.wrap === wraps) return known.rows;
  const rows = notes.flatMap((note): LogRow[] => {
    // What fits keeps its blanks: it may be a line of a table.
    const fits = !wraps || displayWidth(note.message) <= width;
    const lines = fits ? [note.message] : wrap(note.message, width, MOST_ROWS);
    return lines.map((text, index) => ({ note, text, first: index === 0 }));
  });
  wrapped.set(notes, { width, wrap: wraps, rows });
  return rows;
}

/** Title, head, footer. */
export function logPageSize(state: ConsoleState): number {
  return Math.max(1, state.size.rows - 3);
}

/** The first row that is shown; the log's end while it is followed. */
export function logFirst(state: ConsoleState, total: number): number {
  const end = Math.max(0, total - logPageSize(state));
  return Math.min(state.logView.first ?? end, end);
}

function shownRows(state: ConsoleState): LogRow[] {
  const run = state.models.get(state.runView.id ?? '');
  return logRows(run, state.size.columns, state.logView.wrap);
}

/** Rows that have what is searched for. */
export function logHits(state: ConsoleState): number[] {
  const wanted = state.logView.search.trim().toLowerCase();
  if (wanted === '') return [];
  return shownRows(state).flatMap((row, index) => (textOf(row).includes(wanted) ? [index] : []));
}

function textOf({ note, text }: LogRow): string {
  return `${note.step?.kind ?? 'run'} ${note.step?.target ?? ''} ${note.step?.period ?? ''} ${text}`.toLowerCase();
}

/** The log scrolled by a move; at its end it is followed again. */
export function scrollWholeLog(state: ConsoleState, id: ActionId): ConsoleState {
  const total = shownRows(state).length;
  const page = logPageSize(state);
  const end = Math.max(0, total - page);
  const first = Math.min(end, listTarget(id, logFirst(state, total), total, page));
  return withFirst(state, first >= end ? undefined : first);
}

function withFirst(state: ConsoleState, first: number | undefined): ConsoleState {
  return { ...state, logView: { ...state.logView, first } };
}

/** `f`: stays at the end from now on, or where it is. */
export function toggleFollow(state: ConsoleState): ConsoleState {
  const { first } = state.logView;
  return withFirst(state, first === undefined ? logFirst(state, shownRows(state).length) : undefined);
}

export function toggleWrap(state: ConsoleState): ConsoleState {
  const { logView } = state;
  return { ...state, logView: { ...logView, wrap: !logView.wrap, first: undefined } };
}

/** To the next or previous hit, from one end to the other, with some rows before it. */
export function toHit(state: ConsoleState, step: 1 | -1): ConsoleState {
  const hits = logHits(state);
  if (hits.length === 0) return state;
  const at = currentHit(state, hits);
  const next = hits[(at + step + hits.length) % hits.length] ?? 0;
  return { ...withFirst(state, Math.max(0, next - CONTEXT)), logHit: next };
}

/** Rows that are seen before a hit. */
const CONTEXT = 3;

/** Which of the hits one is at: the one that was gone to last, else the last one, which is the newest. */
function currentHit(state: ConsoleState, hits: readonly number[]): number {
  const found = hits.indexOf(state.logHit ?? -1);
  return found === -1 ? hits.length : found;
}
