import { clean } from './clean.ts';
import { typedFilter } from './filter.ts';
import { say } from './moves.ts';
import { withFilter } from './refilter.ts';
import { typedField } from './script-rows.ts';
import { helpTyped } from './screens/help.ts';
import type { ConsoleState } from './state.ts';

/** Dialogs that take what is typed. */
export const TYPED: ReadonlySet<string> = new Set([
  'plan',
  'date',
  'help',
  'filter',
  'palette',
  'parameters',
  'script',
]);

const LONGEST = 120;

/** The text of an input after a key. */
function after(text: string, key: string): string {
  if (key === 'backspace') return Array.from(text).slice(0, -1).join('');
  if (key === 'ctrl-u') return '';
  if (key === 'ctrl-w') return text.replace(/\S+\s*$/u, '');
  const added = key === 'space' ? ' ' : Array.from(key).length === 1 ? key : '';
  return (text + added).slice(0, LONGEST);
}

/** A key typed into the dialog's input. */
export function typed(state: ConsoleState, key: string): ConsoleState {
  const { dialog } = state;
  switch (dialog?.kind) {
    case 'filter':
      return withFilter(state, after(typedFilter(state), key));
    case 'palette':
      return { ...state, dialog: { ...dialog, typed: after(dialog.typed, key), row: 0, first: 0 } };
    case 'help':
      return { ...state, dialog: helpTyped(state, after(dialog.typed, key)) };
    case 'parameters':
      return typedField(state, (text) => after(text, key));
    case 'plan':
    case 'script':
    case 'date':
      return { ...state, dialog: { ...dialog, typed: after(dialog.typed, key) } };
    default:
      return state;
  }
}

/** What was pasted, as one line, into the dialog's input. Elsewhere each character would be a key that nobody pressed. */
export function pasted(state: ConsoleState, text: string): ConsoleState {
  if (!TYPED.has(state.dialog?.kind ?? ''))
    return say(state, 'What was pasted was left out: here it would be keys. / and : take text.', 'plain');
  const line = clean(text.replaceAll(/\s+/gu, ' ')).trim();
  return Array.from(line).reduce(
    (next, character) => typed(next, character === ' ' ? 'space' : character),
    state,
  );
}
