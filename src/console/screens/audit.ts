import type { AuditEntry } from '../../plan/audit.ts';
import { auditRows } from '../audit.ts';
import type { Clock } from '../clock.ts';
import { visibleWindow } from '../layout.ts';
import { Line, type Style } from '../line.ts';
import type { ConsoleState } from '../state.ts';
import type { Theme } from '../theme.ts';
import { footerLine } from '../widgets/footer.ts';
import { statusLine, titleLine } from '../widgets/header.ts';
import { columns, drawRows, heading, paragraph, REST } from '../widgets/rows.ts';

/** Title, status, column names, footer. */
const FIXED = 4;
/** Its heading and what was done, whole. */
const PANEL = 4;

export function auditPage(state: ConsoleState): number {
  return Math.max(1, state.size.rows - FIXED - PANEL);
}

/** Who did what, when, in which context; the newest first. */
export function auditScreen(state: ConsoleState, theme: Theme, clock: Clock): string[] {
  const width = state.size.columns;
  const rows = auditRows(state);
  const page = auditPage(state);
  const window = visibleWindow(state.auditView.row, page, rows.length, state.auditView.first);
  const empty =
    state.audit === undefined
      ? 'Reading the ledger.'
      : state.audit.length > 0
        ? 'Nothing that was done has these words.'
        : 'Nobody has done anything yet.';
  const lines =
    rows.length === 0
      ? ['', `  ${empty}`]
      : rows
          .slice(window.first, window.end)
          .map((entry, index) =>
            entryRow(state, theme, clock, entry, window.first + index === state.auditView.row),
          );
  return [
    titleLine(state, theme, clock, ['audit']),
    statusLine(state, theme, clock),
    head(theme, width),
    ...Array.from({ length: page }, (_, index) => lines[index] ?? ''),
    ...panel(state, theme, rows[state.auditView.row]),
    footerLine(state, theme),
  ];
}

const WIDTHS = { at: 11, did: 9, run: 6, context: 10 } as const;
/** Below this many columns what was done needs the room; the panel tells the context. */
const NARROW = 100;

function whoWidth(width: number): number {
  return width < NARROW ? 14 : 22;
}

function head(theme: Theme, width: number): string {
  const style = theme.faint;
  return columns(new Line(width).add(' '), theme, [
    { text: 'WHEN', width: WIDTHS.at, style: theme.heading },
    { text: 'DID', width: WIDTHS.did, style },
    { text: 'BY', width: whoWidth(width), style },
    ...(width < NARROW ? [] : [{ text: 'CONTEXT', width: WIDTHS.context, style }]),
    { text: 'RUN', width: WIDTHS.run, style, align: 'right' },
    { text: 'WHAT', width: REST, style },
  ]).end();
}

function entryRow(
  { now, size }: ConsoleState,
  theme: Theme,
  clock: Clock,
  entry: AuditEntry,
  here: boolean,
): string {
  const line = new Line(size.columns).add(here ? theme.glyphs.pointer : ' ', theme.heading);
  return columns(line, theme, [
    { text: clock.moment(entry.at, now), width: WIDTHS.at, style: theme.muted },
    { text: entry.did, width: WIDTHS.did, style: didStyle(theme, entry) },
    { text: whoText(entry), width: whoWidth(size.columns) },
    ...(size.columns < NARROW
      ? []
      : [{ text: entry.context ?? '', width: WIDTHS.context, style: theme.muted }]),
    { text: entry.run ?? '', width: WIDTHS.run, style: here ? theme.strong : '', align: 'right' },
    { text: entry.what, width: REST, style: here ? '' : theme.muted },
  ]).full();
}

function whoText({ by, host }: AuditEntry): string {
  return host === undefined ? by : `${by}@${host}`;
}

/** What went past a guard or away stands out; the rest is daily work. */
function didStyle(theme: Theme, { did, state }: AuditEntry): Style {
  if (did === 'forced' || did === 'deleted' || did === 'took back') return theme.warn;
  return state === 'failed' || state === 'partly' ? theme.bad : '';
}

function panel(state: ConsoleState, theme: Theme, entry: AuditEntry | undefined): string[] {
  if (entry === undefined) return Array.from({ length: PANEL }, () => '');
  const width = state.size.columns;
  const rows = drawRows(paragraph(theme, entry.what, width, PANEL - 1), width);
  const run = entry.run === undefined ? '' : `run ${entry.run} ${entry.state ?? ''}`;
  return [
    heading(
      theme,
      width,
      `${entry.did} by ${whoText(entry)}${entry.context === undefined ? '' : ` in ${entry.context}`}, ${entry.at.slice(0, 19)}Z`,
      run,
    ),
    ...Array.from({ length: PANEL - 1 }, (_, index) => rows[index] ?? ''),
  ];
}
