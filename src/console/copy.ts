import { actionFor } from '../actions/list.ts';
import { cliOf, requestOf } from '../actions/requests.ts';
import { auditRows } from './audit.ts';
import { cellDetailsText } from './details.ts';
import { actionState, cellUnderCursor, derivedUnderCursor, freshnessRows } from './selection.ts';
import { sizeRows } from './sizes.ts';
import type { ConsoleState, CopyChoice } from './state.ts';

/** What can be copied of what is selected: first the command line that does the same. */
export function copyChoices(state: ConsoleState): CopyChoice[] {
  const actions = actionState(state);
  const run = actions.run?.id;
  const cell = cellUnderCursor(state);
  const derived =
    state.screen === 'freshness' ? freshnessRows(state)[state.freshnessView.row] : derivedUnderCursor(state);
  const found: Array<readonly [what: string, text: string | undefined]> = [
    ['command', mainCommand(state)],
    ['look', actionFor(actions.place, 'enter', { readOnly: false })?.cli(actions)],
    ['run', run],
    ['table', cell?.dataset],
    ['period', cell?.period],
    ['object', cell?.object?.key],
    ['etag', cell?.object?.etag],
    ['error', cell?.error?.message ?? derived?.error?.message],
    ['name', derived?.name],
    ['why', cell?.why ?? derived?.why],
    ['what was done', state.screen === 'audit' ? auditRows(state)[state.auditView.row]?.what : undefined],
    ['relation', state.screen === 'sizes' ? sizeRows(state)[state.sizesView.row]?.relation : undefined],
    ['all of it', cell === undefined ? undefined : cellDetailsText(cell)],
  ];
  return found.flatMap(([what, text]) => (text === undefined || text === '' ? [] : [{ what, text }]));
}

/** What the first key of the screen would do, as it is typed. */
function mainCommand(state: ConsoleState): string | undefined {
  const actions = actionState(state);
  switch (state.screen) {
    case 'board':
    case 'files':
      return cliOf(requestOf('import', actions));
    case 'freshness':
      return actions.derived === undefined ? undefined : cliOf(requestOf('refresh', actions));
    case 'run':
    case 'log':
      return state.models.get(state.runView.id ?? '')?.cli;
    case 'scripts':
      return actions.script === undefined ? undefined : `dayboard script ${actions.script.name}`;
    case 'audit':
      return 'dayboard runs audit';
    case 'sizes': {
      const relation = sizeRows(state)[state.sizesView.row];
      return relation?.of === undefined ? 'dayboard sizes' : `dayboard sizes ${relation.of}`;
    }
    case 'runs':
      return state.runs?.find((run) => run.id === actions.run?.id)?.cli;
  }
}

/** Terminals refuse longer ones. */
const MOST_BYTES = 74_994;

/** The sequence (OSC 52) with which a terminal, also at the far end of SSH, puts a text on the clipboard. */
export function clipboardSequence(text: string): string {
  const encoded = Buffer.from(text).toString('base64').slice(0, MOST_BYTES);
  return `\u001b]52;c;${encoded}\u0007`;
}
