import { keyLabel } from '../../actions/table.ts';
import type { Clock } from '../clock.ts';
import { draw } from '../draw.ts';
import { paletteItems } from '../palette.ts';
import { helpItems } from '../screens/help.ts';
import { plural } from '../format.ts';
import type { ConsoleState, ScriptField } from '../state.ts';
import { createTheme } from '../theme.ts';

const THEME = createTheme({ ascii: true, color: 'none', background: 'dark' });
/** So large that nothing of a dialog is cut or scrolled away. */
const WHOLE = { columns: 200, rows: 600 };

type Open = NonNullable<ConsoleState['dialog']>;

/** What a dialog says when it is opened. */
export function dialogText(state: ConsoleState, clock: Clock, dialog: Open): string[] {
  switch (dialog.kind) {
    case 'filter':
      return ['Filter: type words; Enter keeps them, Esc shows all.'];
    case 'palette':
      return ['Commands: type words; arrows choose, Enter does it, Esc leaves.'];
    case 'help':
      return ['Help: type words or a key; arrows choose, Enter does it, Esc leaves.'];
    case 'copy':
      return ['Copy: arrows choose, Enter copies, Esc leaves.'];
    default:
      return drawn({ ...state, size: WHOLE }, clock);
  }
}

/** What is chosen or typed in a dialog; it is said when it changes. */
export function dialogPosition(state: ConsoleState, dialog: Open): string {
  switch (dialog.kind) {
    case 'palette': {
      const item = paletteItems(state, dialog.typed)[dialog.row];
      if (item === undefined) return `No command has that: ${dialog.typed}`;
      return `${item.text}: ${item.help}${item.off === undefined ? '' : `, off: ${item.off}`}`;
    }
    case 'help': {
      const item = helpItems(state, dialog.typed)[dialog.row];
      if (item === undefined) return `No key does that: ${dialog.typed}`;
      const keys = item.action.keys.map(keyLabel).join(' or ');
      return `${keys === '' ? item.action.label : keys}: ${item.action.help}${item.off === undefined ? '' : `, off: ${item.off}`}`;
    }
    case 'copy': {
      const choice = dialog.choices[dialog.row];
      return choice === undefined ? 'There is nothing to copy.' : `${choice.what}: ${choice.text}`;
    }
    case 'date':
      return dialog.problem ?? (dialog.typed === '' ? '' : `typed ${dialog.typed}`);
    case 'plan':
    case 'script':
      return [
        dialog.error?.message ?? '',
        dialog.starting ? 'starting' : '',
        dialog.typed === '' ? '' : `typed ${dialog.typed}`,
      ]
        .filter((part) => part !== '')
        .join('. ');
    case 'parameters': {
      const field = dialog.fields[dialog.row];
      const said = field === undefined ? '' : `${field.parameter.name}: ${fieldText(field)}`;
      return dialog.problem === undefined ? said : `${said}. ${dialog.problem}`;
    }
    default:
      return '';
  }
}

/** What is in a field; of a secret only how long it is. */
function fieldText({ parameter, typed }: ScriptField): string {
  if (typed === '') return 'empty';
  return parameter.secret === true ? plural(Array.from(typed).length, 'character') : typed;
}

/** What a dialog draws, as sentences: without its frame, and with columns parted by commas. */
function drawn(state: ConsoleState, clock: Clock): string[] {
  const { overlay } = draw(state, THEME, clock);
  return (overlay?.lines ?? []).map(plain).filter((line) => line !== '');
}

// oxlint-disable-next-line no-control-regex
const SGR = /\u001b\[[\d;]*m/gu;

/** A drawn line as text. */
export function plain(line: string): string {
  return (
    line
      .replaceAll(SGR, '')
      .trim()
      .replaceAll(/^[|+]|[|+]$/gu, '')
      .replaceAll(/[-=#.]{4,}/gu, ' ')
      .replaceAll(/^-+ | -+$/gu, '')
      .trim()
      // The mark of a state, which the words beside it tell, too.
      .replace(/^[^\w("'] |^[xo] /u, '')
      .replaceAll(/ {2,}/gu, ', ')
  );
}
