import { basename } from 'node:path';
import type { StatementClass } from '../../plan/script.ts';
import type { ScriptPlan, ScriptSummary } from '../../plan/script.ts';
import type { Clock } from '../clock.ts';
import { duration, sparkline } from '../format.ts';
import { visibleWindow } from '../layout.ts';
import { Line } from '../line.ts';
import { scriptRows } from '../script-rows.ts';
import { passwordsOf } from '../selection.ts';
import type { ConsoleState, Dialog, ScriptField } from '../state.ts';
import type { Theme } from '../theme.ts';
import { box, type Overlay } from '../widgets/box.ts';
import { footerLine } from '../widgets/footer.ts';
import { statusLine, titleLine } from '../widgets/header.ts';
import { columns, drawRows, heading, paragraph, REST, type Row } from '../widgets/rows.ts';
import { fitMiddle, pad } from '../width.ts';
import { answers } from './dialogs.ts';

/** Title, status, column names, footer. */
const FIXED = 4;
/** Its heading and what it says. */
const PANEL = 5;

export function scriptsPage(state: ConsoleState): number {
  return Math.max(1, state.size.rows - FIXED - PANEL);
}

/** The project's psql scripts: what they take, how their last run went, how long they take. */
export function scriptsScreen(state: ConsoleState, theme: Theme, clock: Clock): string[] {
  const rows = scriptRows(state);
  const page = scriptsPage(state);
  const window = visibleWindow(state.scriptsView.row, page, rows.length, state.scriptsView.first);
  const lines = rows
    .slice(window.first, window.end)
    .map((script, index) =>
      scriptRow(state, theme, clock, script, window.first + index === state.scriptsView.row),
    );
  const shown = lines.length > 0 ? lines : ['', `  ${emptyText(state)}`];
  return [
    titleLine(state, theme, clock, ['scripts']),
    statusLine(state, theme, clock),
    head(state, theme),
    ...Array.from({ length: page }, (_, index) => shown[index] ?? ''),
    ...panel(theme, state.size.columns, rows[state.scriptsView.row]),
    footerLine(state, theme),
  ];
}

function emptyText(state: ConsoleState): string {
  if (state.scripts === undefined) return 'Reading the scripts.';
  return state.scripts.length > 0
    ? 'No script has these words.'
    : 'The project names no scripts. `dayboard script FILE` runs any file.';
}

function nameWidth(state: ConsoleState): number {
  const longest = Math.max(12, ...(state.scripts ?? []).map(({ name }) => name.length));
  return Math.min(longest, Math.floor(state.size.columns / 3));
}

const TREND = 10;

function head(state: ConsoleState, theme: Theme): string {
  const style = theme.faint;
  return columns(new Line(state.size.columns).add(' '), theme, [
    { text: 'SCRIPT', width: nameWidth(state), style: theme.heading },
    { text: 'LAST RUN', width: 24, style },
    { text: 'TOOK', width: 7, style, align: 'right' },
    { text: 'TREND', width: TREND, style },
    { text: 'PARAMETERS', width: REST, style },
  ]).end();
}

function scriptRow(
  state: ConsoleState,
  theme: Theme,
  clock: Clock,
  { name, parameters, lastRun, seconds, problem }: ScriptSummary,
  here: boolean,
): string {
  const width = nameWidth(state);
  const took = seconds.at(-1);
  const line = new Line(state.size.columns).add(here ? theme.glyphs.pointer : ' ', theme.heading);
  const last =
    lastRun === undefined
      ? 'never run'
      : `${lastRun.id} ${lastRun.state} ${clock.moment(lastRun.startedAt, state.now)}`;
  const bad = lastRun !== undefined && lastRun.state !== 'done' && lastRun.state !== 'running';
  return columns(line, theme, [
    { text: fitMiddle(name, width, theme.glyphs.ellipsis), width, style: here ? theme.strong : '' },
    { text: last, width: 24, style: bad ? theme.bad : theme.muted },
    { text: took === undefined ? '' : duration(took), width: 7, align: 'right', style: theme.muted },
    { text: sparkline(seconds.slice(-TREND), theme.glyphs.spark), width: TREND, style: theme.muted },
    {
      text: problem ?? parameters.map(parameterText).join(' '),
      width: REST,
      style: problem === undefined ? theme.muted : theme.bad,
    },
  ]).end();
}

function parameterText({ name, default: value }: ScriptField['parameter']): string {
  return value === undefined ? name : `${name}=${value}`;
}

function panel(theme: Theme, width: number, script: ScriptSummary | undefined): string[] {
  if (script === undefined) return Array.from({ length: PANEL }, () => '');
  const { name, description, problem, file, parameters } = script;
  const rows = drawRows(
    [
      ...paragraph(theme, problem ?? description, width, 2, problem === undefined ? '' : theme.bad),
      ...parameters
        .slice(0, 1)
        .flatMap(() => paragraph(theme, parameters.map(parameterHelp).join('; '), width, 1, theme.muted)),
      [[` ${basename(file)}`, theme.faint]],
    ],
    width,
  );
  return [heading(theme, width, name), ...Array.from({ length: PANEL - 1 }, (_, index) => rows[index] ?? '')];
}

function parameterHelp({ name, type, description }: ScriptField['parameter']): string {
  return `${name} (${type})${description === '' ? '' : `: ${description}`}`;
}

/** The parameters of a script, to be filled in. */
export function parametersDialog(
  state: ConsoleState,
  theme: Theme,
  dialog: Extract<Dialog, { kind: 'parameters' }>,
): Overlay {
  const width = Math.min(80, state.size.columns - 4);
  const { fields, row, problem, script } = dialog;
  const name = Math.max(8, ...fields.map(({ parameter }) => parameter.name.length));
  const current = fields[row]?.parameter;
  const help = current === undefined ? 'Making the plan.' : parameterHelp(current);
  return box(theme, state.size, {
    title: `SCRIPT  ${script.name}`,
    width,
    rows: [
      [],
      ...fields.map((field, at) => fieldRow(theme, field, name, at === row)),
      [],
      ...paragraph(theme, problem ?? help, width, 3, problem === undefined ? theme.faint : theme.warn),
      [],
      answers(state, theme),
    ],
  });
}

/** A secret is not shown while it is typed. */
function fieldRow(theme: Theme, { parameter, typed }: ScriptField, name: number, here: boolean): Row {
  const shown = parameter.secret === true ? '*'.repeat(Array.from(typed).length) : typed;
  return [
    [here ? ` ${theme.glyphs.pointer} ` : '   ', theme.heading],
    [`${pad(parameter.name, name)}  `, here ? theme.strong : ''],
    [shown, theme.strong],
    ...(here ? [[' ', theme.cursor] as const] : []),
    [parameter.default === undefined && typed === '' ? '  must be given' : '', theme.warn],
  ];
}

const CLASS_WORDS: Record<StatementClass, string> = {
  read: 'reads',
  write: 'writes',
  ddl: 'defines',
  destructive: 'destroys',
  session: 'session',
  unknown: 'may do all',
};

type ScriptDialog = Extract<Dialog, { kind: 'script' }>;

/** What a script's statements do, and how it is started. */
export function scriptDialog(state: ConsoleState, theme: Theme, dialog: ScriptDialog): Overlay {
  const width = scriptWidth(state);
  const { plan } = dialog;
  const page = scriptDialogPage(state, theme, dialog);
  const list = statementRows(theme, width, plan);
  const window = visibleWindow(dialog.first, page, list.length, dialog.first);
  const { context } = state;
  return box(theme, state.size, {
    title: `SCRIPT  ${plan.name}`,
    badge: context.name.toUpperCase(),
    badgeStyle: context.production ? theme.badge.production : theme.badge.other,
    width,
    rows: [
      ...list.slice(window.first, window.end),
      ...(list.length > page
        ? [[[` statements ${window.first + 1} to ${window.end} of ${list.length}`, theme.faint]] as Row]
        : []),
      ...tailRows(state, theme, width, dialog),
    ],
  });
}

function scriptWidth(state: ConsoleState): number {
  return Math.min(110, state.size.columns - 4);
}

export function scriptDialogPage(state: ConsoleState, theme: Theme, dialog: ScriptDialog): number {
  const fixed = tailRows(state, theme, scriptWidth(state), dialog).length + 4;
  return Math.max(1, Math.min(dialog.plan.statements.length, state.size.rows - fixed));
}

function statementRows(theme: Theme, width: number, { statements }: ScriptPlan): Row[] {
  const does = 11;
  const line = Math.max(3, ...statements.map((each) => String(each.line).length)) + 1;
  return statements.map((each): Row => {
    const style =
      each.does === 'destructive'
        ? theme.bad
        : each.does === 'read' || each.does === 'session'
          ? theme.muted
          : '';
    return [
      [` ${pad(String(each.line), line, 'left')} `, theme.faint],
      [pad(CLASS_WORDS[each.does], does), style],
      [pad(each.text, Math.max(10, width - line - does - 3), 'right', theme.glyphs.ellipsis)],
    ];
  });
}

function tailRows(state: ConsoleState, theme: Theme, width: number, dialog: ScriptDialog): Row[] {
  const { plan, error, starting } = dialog;
  const values = Object.entries(plan.variables).map(([name, value]) => `${name} = ${value}`);
  return [
    [],
    ...(values.length === 0 ? [] : paragraph(theme, values.join(', '), width, 2)),
    ...(error === undefined ? [] : paragraph(theme, error.message, width, 3, theme.bad)),
    ...paragraph(theme, 'An error stops it; what was committed before it stays.', width, 1, theme.muted),
    ...paragraph(theme, `same as: ${plan.cli}`, width, 2, theme.faint),
    ...(starting ? [[[' Starting.', theme.strong]] as Row] : typedRows(state, theme, dialog)),
  ];
}

function typedRows(state: ConsoleState, theme: Theme, { typed }: ScriptDialog): Row[] {
  const words = passwordsOf(state);
  if (words.length === 0) return [answers(state, theme)];
  const right = words.includes(typed.trim());
  return [
    [
      [` Type ${words.join(' or ')} to run: `, theme.strong],
      [typed, right ? theme.good : theme.warn],
      [' ', theme.cursor],
    ],
    answers(state, theme),
  ];
}
