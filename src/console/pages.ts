import type { ActionId } from '../actions/action.ts';
import { createClock } from './clock.ts';
import { visibleWindow } from './layout.ts';
import { listTarget } from './moves.ts';
import { paletteItems } from './palette.ts';
import { auditPage } from './screens/audit.ts';
import { sizesPage } from './screens/sizes.ts';
import { detailRows } from './screens/dialogs.ts';
import { filesPage } from './screens/files.ts';
import { freshnessLayout } from './screens/freshness.ts';
import { helpFirst, helpItems, helpPage } from './screens/help.ts';
import { palettePage } from './screens/palette.ts';
import { planLines, planPage } from './screens/plan.ts';
import { logPage, runLayout } from './screens/run.ts';
import { runsPage } from './screens/runs.ts';
import { scriptDialogPage, scriptsPage } from './screens/scripts.ts';
import type { ConsoleState } from './state.ts';
import { createTheme } from './theme.ts';

/** Counting lines needs a theme, but not which. */
const THEME = createTheme({ ascii: true, color: 'none', background: 'dark' });

/** How many lines the list of the screen shows. */
export function pageOf(state: ConsoleState): number {
  if (state.screen === 'run') return runLayout(state, state.models.get(state.runView.id ?? '')).list;
  if (state.screen === 'freshness') return freshnessLayout(state).list;
  if (state.screen === 'files') return filesPage(state);
  if (state.screen === 'scripts') return scriptsPage(state);
  if (state.screen === 'audit') return auditPage(state);
  if (state.screen === 'sizes') return sizesPage(state);
  return runsPage(state);
}

/** A run's log a page up or down; at its end it follows the run again. */
export function scrollLog(state: ConsoleState, id: 'log.earlier' | 'log.later'): ConsoleState {
  const run = state.models.get(state.runView.id ?? '');
  if (run === undefined) return state;
  const page = logPage(state, THEME, run);
  const total = run.notes.length;
  const end = (state.runView.logEnd ?? total) + (id === 'log.earlier' ? -page : page);
  const logEnd = end >= total ? undefined : Math.max(Math.min(page, total), end);
  return { ...state, runView: { ...state.runView, logEnd } };
}

/** A dialog scrolled by a move. */
export function scrollDialog(state: ConsoleState, id: ActionId): ConsoleState {
  const { dialog } = state;
  if (dialog?.kind === 'help') {
    const row = listTarget(id, dialog.row, helpItems(state, dialog.typed).length, helpPage(state));
    const moved = { ...dialog, row };
    return { ...state, dialog: { ...moved, first: helpFirst(state, THEME, moved) } };
  }
  if (dialog?.kind === 'palette') {
    const items = paletteItems(state, dialog.typed).length;
    const page = palettePage(state);
    const row = listTarget(id, dialog.row, items, page);
    return {
      ...state,
      dialog: { ...dialog, row, first: visibleWindow(row, page, items, dialog.first).first },
    };
  }
  if (dialog?.kind === 'copy') {
    const row = listTarget(id, dialog.row, dialog.choices.length, dialog.choices.length);
    return { ...state, dialog: { ...dialog, row } };
  }
  if (dialog?.kind !== 'plan' && dialog?.kind !== 'details' && dialog?.kind !== 'script') return state;
  const { total, page } = extent(state, dialog);
  const most = Math.max(0, total - page);
  return {
    ...state,
    dialog: { ...dialog, first: Math.min(most, listTarget(id, Math.min(dialog.first, most), total, page)) },
  };
}

function extent(
  state: ConsoleState,
  dialog: Extract<ConsoleState['dialog'], { kind: 'plan' | 'details' | 'script' }>,
): { total: number; page: number } {
  switch (dialog.kind) {
    case 'plan':
      return {
        total: planLines(THEME, state, dialog.plan),
        page: planPage(state, THEME, createClock(state.project.timeZone), dialog),
      };
    case 'script':
      return { total: dialog.plan.statements.length, page: scriptDialogPage(state, THEME, dialog) };
    case 'details': {
      const width = Math.min(100, state.size.columns - 4);
      return { total: detailRows(THEME, width, dialog).length, page: Math.max(1, state.size.rows - 6) };
    }
  }
}
