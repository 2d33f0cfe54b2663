import { causeOf, chainOf, type Link } from './cause.ts';
import { atDelivery } from './files.ts';
import { freshnessRows } from './selection.ts';
import { showing } from './shown.ts';
import type { ConsoleState } from './state.ts';

/** The links of the chain below the relation under the cursor of the freshness screen. */
export function linksOf(state: ConsoleState): Link[] {
  const relation = freshnessRows(state)[state.freshnessView.row];
  return relation === undefined ? [] : chainOf(state, relation);
}

/** The link under the cursor, when it is in the chain. */
export function linkUnderCursor(state: ConsoleState): Link | undefined {
  const { link } = state.freshnessView;
  return link === undefined ? undefined : linksOf(state)[link];
}

/** The cursor in the chain, at the link that keeps the relation back; where it was when there is no chain. */
export function intoChain(state: ConsoleState): ConsoleState {
  const links = linksOf(state);
  const relation = freshnessRows(state)[state.freshnessView.row];
  const cause = relation === undefined ? undefined : causeOf(state, relation);
  const at = links.findIndex(({ cell }) => cell !== undefined && cell === cause);
  return links.length === 0 ? state : onLink(state, Math.max(0, at));
}

export function outOfChain(state: ConsoleState): ConsoleState {
  const { link: _, ...freshnessView } = state.freshnessView;
  return { ...state, freshnessView };
}

export function onLink(state: ConsoleState, link: number): ConsoleState {
  return { ...state, freshnessView: { ...state.freshnessView, link } };
}

/**
 * Where a link leads: the run that failed or is at it, what the source has for the delivery that lacks something, or what
 * a relation itself reads.
 */
export function behindLink(
  state: ConsoleState,
  { name, derived, cell, loaded }: Link,
): { run: string; at: { dataset: string; period: string } } | { state: ConsoleState } {
  if ((cell?.state === 'failed' || cell?.state === 'running') && cell.run !== undefined)
    return { run: cell.run, at: cell };
  const row = freshnessRows(state).findIndex((each) => each.name === name);
  if (derived !== undefined && row !== -1)
    return { state: outOfChain({ ...state, freshnessView: { ...state.freshnessView, row } }) };
  const period = cell?.period ?? loaded;
  return { state: atDelivery(showing(state, 'files'), name, period) };
}
