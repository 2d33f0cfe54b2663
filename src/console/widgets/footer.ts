import { footerActions } from '../../actions/list.ts';
import { keyLabel } from '../../actions/table.ts';
import { secondsBetween } from '../clock.ts';
import { typedFilter } from '../filter.ts';
import { Line } from '../line.ts';
import { actionState } from '../selection.ts';
import type { ConsoleState, Message } from '../state.ts';
import type { Theme } from '../theme.ts';
import { displayWidth, fit } from '../width.ts';

/** How long a message stays when no key is pressed. */
const MESSAGE_SECONDS = 12;

/** What the keys do now: as many as fit, the most useful first, help always; at the right what was just said. */
export function footerLine(state: ConsoleState, theme: Theme): string {
  const line = new Line(state.size.columns).add(' ');
  const said = saidNow(state);
  if (state.dialog?.kind === 'filter') return filterLine(state, theme, line);
  // A dialog names its own keys.
  if (state.dialog !== undefined) return line.add(said?.text ?? '', theme.muted).end();
  if (said === undefined) return addHints(state, theme, line, line.room).end();
  const { text, tone } = said;
  const tones = { good: theme.good, plain: theme.strong, bad: theme.bad };
  const room = line.room - displayWidth(text) - 2;
  if (room < 24) return line.add(fit(text, line.room, theme.glyphs.ellipsis), tones[tone]).end();
  return addHints(state, theme, line, room)
    .right(text, tones[tone], line.width - 1)
    .end();
}

/** '/words▌  Enter keep it  Esc all again'. */
function filterLine(state: ConsoleState, theme: Theme, line: Line): string {
  line.add('/', theme.heading).add(typedFilter(state), theme.strong).add(' ', theme.cursor).add('  ');
  return addHints(state, theme, line, line.room).end();
}

function saidNow({ message, prefix, now }: ConsoleState): Pick<Message, 'text' | 'tone'> | undefined {
  if (prefix !== undefined) return { text: `${prefix} ...`, tone: 'plain' };
  return message !== undefined && secondsBetween(message.at, now) < MESSAGE_SECONDS ? message : undefined;
}

function addHints(state: ConsoleState, theme: Theme, line: Line, width: number): Line {
  const actions = footerActions(actionState(state)).map((action) => ({
    id: action.id,
    key: keyLabel(action.keys[0] ?? ''),
    label: action.label,
  }));
  const last = actions.filter((each) => each.id === 'help' || each.id === 'quit');
  const rest = actions.filter((each) => !last.includes(each));
  const widthOf = (each: { key: string; label: string }) =>
    displayWidth(each.key) + displayWidth(each.label) + 3;
  let room = width - last.reduce((sum, each) => sum + widthOf(each), 0);
  const shown = rest.filter((each) => {
    const fits = widthOf(each) <= room;
    room -= fits ? widthOf(each) : 0;
    return fits;
  });
  for (const { key, label } of [...shown, ...last]) line.add(key, theme.key).add(` ${label}  `, theme.muted);
  return line;
}
