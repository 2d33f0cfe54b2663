import type { Action, ActionState, Place } from './action.ts';
import { ANSWERS } from './list-answers.ts';
import { LOOKS } from './list-looks.ts';
import { MOVES } from './list-moves.ts';
import { WRITES } from './list-writes.ts';

/** Everything that can be done in the console, in the order in which help shows it. */
export const ACTIONS: readonly Action[] = [...WRITES, ...MOVES, ...LOOKS, ...ANSWERS];

/** Actions that have keys in a place and context. A read-only context binds no writes. */
export function boundActions(place: Place, context: { readOnly: boolean }): Action[] {
  return ACTIONS.filter(
    (action) => action.places.includes(place) && !(context.readOnly && action.danger === 'write'),
  );
}

/** The action of a key (or of two keys, 'g g') in a place; undefined when the key does nothing there. */
export function actionFor(place: Place, key: string, context: { readOnly: boolean }): Action | undefined {
  return boundActions(place, context).find((action) => action.keys.includes(key));
}

/** Whether a key begins one of the two-key actions of a place. */
export function isPrefix(place: Place, key: string): boolean {
  return boundActions(place, { readOnly: false }).some((action) =>
    action.keys.some((each) => each.startsWith(`${key} `)),
  );
}

/** What the footer offers, most useful first: only what can be done now. */
export function footerActions(state: ActionState): Action[] {
  return boundActions(state.place, state.context)
    .filter((action) => action.footer !== undefined && action.disabledReason(state) === undefined)
    .sort((a, b) => (a.footer ?? 0) - (b.footer ?? 0));
}

/** What help says of a place: every action with why it is off, read-only ones included. */
export function helpActions(state: ActionState): Array<{ action: Action; off: string | undefined }> {
  return ACTIONS.filter((action) => action.places.includes(state.place)).map((action) => ({
    action,
    off: offBecause(action, state),
  }));
}

function offBecause(action: Action, state: ActionState): string | undefined {
  if (state.context.readOnly && action.danger === 'write')
    return `context ${state.context.name} is read-only`;
  return action.disabledReason(state);
}
