import { keyLabel } from '../../actions/table.ts';
import { secondsBetween, type Clock } from '../clock.ts';
import { age, bytes, duration, plural } from '../format.ts';
import { visibleWindow } from '../layout.ts';
import type { PlannedCell, PlannedStep, Plan } from '../../plan/plan.ts';
import { addPeriods, lastDay, today } from '../../project/period.ts';
import { passwordsOf } from '../selection.ts';
import type { ConsoleState, Dialog } from '../state.ts';
import type { Theme } from '../theme.ts';
import { box, type Overlay } from '../widgets/box.ts';
import { paragraph, type Row } from '../widgets/rows.ts';
import { fitMiddle, pad } from '../width.ts';

type PlanDialog = Extract<Dialog, { kind: 'plan' }>;

/** Columns inside the box. */
function boxWidth(state: ConsoleState): number {
  return Math.min(110, state.size.columns - 4);
}

/** While the plan is made. */
export function planningDialog(state: ConsoleState, theme: Theme): Overlay {
  return box(theme, state.size, {
    title: 'PLAN',
    width: Math.min(56, boxWidth(state)),
    rows: [[], [[' Making the plan: reading the ledger and the last listing.', theme.muted]], []],
  });
}

/** What will be done, what not and why, how long it takes, and how it is started. */
export function planDialog(state: ConsoleState, theme: Theme, clock: Clock, dialog: PlanDialog): Overlay {
  const width = boxWidth(state);
  const { plan } = dialog;
  const list = listRows(theme, width, plan);
  const head = headRows(theme, width, dialog);
  const tail = tailRows(state, theme, clock, width, dialog);
  const page = planPage(state, theme, clock, dialog);
  const first = Math.min(dialog.first, Math.max(0, list.length - page));
  const window = visibleWindow(first, page, list.length, first);
  const more =
    list.length > page
      ? `lines ${window.first + 1}${theme.glyphs.dash}${window.end} of ${list.length}, ${keyLabel('down')} for more`
      : '';
  const { context } = state;
  return box(theme, state.size, {
    title: `PLAN  ${title(plan)}`,
    badge: context.name.toUpperCase(),
    badgeStyle: context.production ? theme.badge.production : theme.badge.other,
    width,
    rows: [
      ...head,
      ...list.slice(window.first, window.end),
      ...(more === '' ? [] : [[[` ${more}`, theme.faint]] as Row]),
      ...tail,
    ],
  });
}

/** How many lines of the list fit. */
export function planPage(state: ConsoleState, theme: Theme, clock: Clock, dialog: PlanDialog): number {
  const width = boxWidth(state);
  const fixed =
    headRows(theme, width, dialog).length + tailRows(state, theme, clock, width, dialog).length + 4;
  return Math.max(1, Math.min(listRows(theme, width, dialog.plan).length, state.size.rows - fixed));
}

export function planLines(theme: Theme, state: ConsoleState, plan: Plan): number {
  return listRows(theme, boxWidth(state), plan).length;
}

function title(plan: Plan): string {
  const { request } = plan;
  if (request.cells.length === 0)
    return (
      [request.command, ...request.names].join(' ') + (request.owed === true ? ' what is owed or late' : '')
    );
  const periods = [...new Set(request.cells.flatMap((each) => each.periods))].sort();
  const when = periods.length === 1 ? periods[0] : `${periods[0]} to ${periods.at(-1)}`;
  const only = request.cells.length === 1 ? request.cells[0]?.dataset : plural(request.cells.length, 'table');
  return `${request.command} ${when}, ${only}`;
}

function headRows(theme: Theme, width: number, dialog: PlanDialog): Row[] {
  const { plan, note, error } = dialog;
  const done = plan.cells.filter((cell) => cell.action !== 'skip').length;
  const skipped = plan.cells.length - done;
  const derived = plan.steps.filter((step) => step.period === undefined).length;
  const counts = [
    ...(plan.cells.length === 0 ? [] : [`${plural(done, 'delivery', 'deliveries')} to do`]),
    ...(skipped > 0 ? [`${skipped} left alone`] : []),
    ...(derived > 0 ? [`${plural(derived, 'step')} after that`] : []),
  ].join(', ');
  const time =
    plan.steps.length === 0
      ? ''
      : plan.estimateSeconds === undefined
        ? 'no past runs to tell how long'
        : `about ${duration(plan.estimateSeconds)} (medians)`;
  const what = plan.steps.length === 0 ? 'Nothing to do.' : counts;
  const problem =
    error === undefined
      ? []
      : [
          ...paragraph(theme, error.message, width, 3, theme.bad),
          ...paragraph(theme, error.next ?? '', width, 2, theme.muted),
        ];
  return [
    ...(note === undefined ? [] : paragraph(theme, note, width, 2, theme.warn)),
    ...problem,
    [
      [` ${pad(what, Math.max(0, width - time.length - 3), 'right', theme.glyphs.ellipsis)} `, theme.strong],
      [time, theme.muted],
    ],
    [],
  ];
}

/** Deliveries to do, steps that follow, deliveries left alone. */
function listRows(theme: Theme, width: number, plan: Plan): Row[] {
  const todo = plan.cells.filter((cell) => cell.action !== 'skip');
  const skipped = plan.cells.filter((cell) => cell.action === 'skip');
  const after = plan.steps.filter((step) => step.period === undefined);
  const parts = listParts(theme, width, plan, after);
  return [
    ...todo.map((cell) => cellRow(parts, cell)),
    ...after.map((step) => stepRow(parts, step)),
    ...(skipped.length > 0 && todo.length + after.length > 0 ? [[[' left alone', theme.faint]] as Row] : []),
    ...skipped.map((cell) => cellRow(parts, cell)),
  ];
}

interface ListParts {
  theme: Theme;
  plan: Plan;
  name: number;
  /** Columns of the period, 0 when all deliveries are of the same one, which the title names. */
  period: number;
  /** Columns of the reason. */
  reason: number;
  /** Columns of what is done. */
  action: number;
}

/** The least that a step's kind and the blank behind it take. */
const ACTION = 7;
const SIZE = 9;
const TIME = 8;

function listParts(theme: Theme, width: number, plan: Plan, after: readonly PlannedStep[]): ListParts {
  const longest = Math.max(
    12,
    ...plan.cells.map((cell) => cell.dataset.length),
    ...after.map((step) => step.target.length),
  );
  const name = Math.min(longest, 34, Math.floor(width / 3));
  const period = new Set(plan.cells.map((cell) => cell.period)).size > 1 ? 11 : 0;
  const action = Math.max(ACTION, ...after.map((step) => step.kind.length + 1));
  const reason = width - 3 - action - name - period - SIZE - TIME - 2;
  return { theme, plan, name, period, reason, action };
}

function cellRow({ theme, plan, name, period, reason, action }: ListParts, cell: PlannedCell): Row {
  const skip = cell.action === 'skip';
  const seconds = plan.steps
    .filter((step) => step.target === cell.dataset && step.period === cell.period)
    .map((step) => step.estimateSeconds);
  const { ellipsis } = theme.glyphs;
  return [
    [` ${theme.glyphs.state[cell.state]} `, theme.state[cell.state]],
    [pad(skip ? '' : cell.action, action)],
    [pad(fitMiddle(cell.dataset, name, ellipsis), name), skip ? theme.faint : theme.strong],
    [period === 0 ? '' : ` ${cell.period}`, theme.muted],
    // What is left alone has no size and no time: its reason may be longer.
    [` ${pad(cell.reason, skip ? reason + SIZE + TIME : reason, 'right', ellipsis)}`, theme.muted],
    [skip || cell.object === undefined ? '' : pad(bytes(cell.object.size), SIZE, 'left'), theme.muted],
    [skip ? '' : pad(estimate(seconds), cell.object === undefined ? SIZE + TIME : TIME, 'left'), theme.muted],
  ];
}

function stepRow({ theme, name, period, reason, action }: ListParts, step: PlannedStep): Row {
  const detail = step.detail === undefined ? '' : step.detail === 'all' ? 'computed whole' : step.detail;
  return [
    [' + ', theme.state.owed],
    [pad(step.kind, action)],
    [pad(fitMiddle(step.target, name, theme.glyphs.ellipsis), name), theme.strong],
    [' '.repeat(period)],
    [` ${pad(detail, reason + SIZE, 'right', theme.glyphs.ellipsis)}`, theme.muted],
    [pad(estimate([step.estimateSeconds]), TIME, 'left'), theme.muted],
  ];
}

function estimate(seconds: ReadonlyArray<number | undefined>): string {
  let sum = 0;
  for (const each of seconds) {
    if (each === undefined) return '';
    sum += each;
  }
  return seconds.length === 0 ? '' : `~${duration(sum)}`;
}

function tailRows(state: ConsoleState, theme: Theme, clock: Clock, width: number, dialog: PlanDialog): Row[] {
  const { plan } = dialog;
  const free: Row = [[` locks: free   ${scheduledText(state, clock, plan)}`, theme.muted]];
  const held = heldRows(state, theme, clock, width, plan.held);
  const same = paragraph(theme, `same as: ${plan.cli}`, width, 2, theme.faint);
  return [[], ...(held.length > 0 ? held : [free]), ...same, ...promptRows(state, theme, dialog)];
}

/** What the next scheduled run would do of it anyway: what is not up to date, as far back as it catches up. */
function scheduledText(state: ConsoleState, clock: Clock, plan: Plan): string {
  const next = (state.whole ?? state.board)?.board.nextScheduled;
  if (next === undefined) return 'nothing is scheduled';
  const when = `next scheduled run ${clock.moment(next, state.now)}`;
  if (plan.request.command !== 'sync') return when;
  const { catchUpDays } = state.project.schedule;
  const from = addPeriods(today(next, state.project.timeZone).toString(), -Math.max(1, catchUpDays));
  const todo = plan.cells.filter((cell) => cell.action !== 'skip');
  const anyway = todo.filter(
    (cell) =>
      cell.state !== 'loaded' && cell.state !== 'suspicious' && lastDay(cell.period).toString() >= from,
  );
  if (todo.length === 0) return when;
  return `${when} would do ${anyway.length === todo.length ? 'all' : anyway.length === 0 ? 'none' : anyway.length} of it`;
}

/** Who holds what the plan needs: a sentence for each holder, however much it holds. */
function heldRows(state: ConsoleState, theme: Theme, clock: Clock, width: number, held: Plan['held']): Row[] {
  const holders = Map.groupBy(
    held,
    (each) => `${each.by}@${each.host}${each.run === undefined ? '' : `, run ${each.run}`}`,
  );
  return [...holders].flatMap(([holder, targets]) => {
    const since = targets.map((each) => each.since).sort()[0] ?? state.now;
    const when = `since ${clock.moment(since, state.now)} (${age(secondsBetween(since, state.now))})`;
    const watch = targets.some((each) => each.run !== undefined) ? '; ctrl-w watches it' : '';
    const what = targets.map((each) => each.target).join(', ');
    return paragraph(theme, `Held by ${holder} ${when}${watch}: ${what}`, width, 2, theme.warn);
  });
}

function promptRows(state: ConsoleState, theme: Theme, dialog: PlanDialog): Row[] {
  const keys = (pairs: ReadonlyArray<readonly [string, string]>): Row =>
    pairs.flatMap(
      ([key, label]) =>
        [
          [` ${key}`, theme.key],
          [` ${label} `, theme.muted],
        ] as Array<readonly [string, string]>,
    );
  const tab =
    dialog.plan.request.command !== 'sync'
      ? []
      : [
          [
            'Tab',
            dialog.plan.request.reprocess.includes('all') ? 'leave loaded ones alone' : 'loaded ones too',
          ] as const,
        ];
  if (dialog.starting) return [[[' Starting.', theme.strong]]];
  if (state.context.readOnly || dialog.only) {
    const why = state.context.readOnly
      ? `Context ${state.context.name} is read-only.`
      : 'This is the plan alone; i runs it.';
    return [[[` ${why} `, theme.muted], ...keys([...tab, ['Esc', 'close']])]];
  }
  if (dialog.plan.steps.length === 0) return [keys([...tab, ['Esc', 'close']])];
  const words = passwordsOf(state);
  if (words.length === 0) return [keys([['Enter', 'run it'], ...tab, ['Esc', 'change nothing']])];
  const right = words.includes(dialog.typed.trim());
  return [
    [
      [` Type ${words.join(' or ')} to run: `, theme.strong],
      [dialog.typed, right ? theme.good : theme.warn],
      [' ', theme.cursor],
      [right ? '  Enter runs it' : '', theme.key],
    ],
    keys([...tab, ['Esc', 'change nothing']]),
  ];
}
