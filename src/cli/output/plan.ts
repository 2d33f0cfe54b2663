import { bytes, duration, plural } from '../../console/format.ts';
import { ranges } from '../../plan/command-line.ts';
import type { CleanupPlan } from '../../plan/cleanup.ts';
import type { CopyPlan } from '../../plan/copy.ts';
import type { Plan, PlannedCell } from '../../plan/plan.ts';
import type { Paint } from './paint.ts';
import { table, type TableCell } from './table.ts';

/** A plan for people: what is imported, what is left alone and why, what is computed after it, and how long it takes. */
export function planText(plan: Plan, paint: Paint): string[] {
  const { theme } = paint;
  return [
    `${paint.text('plan', theme.heading)} ${paint.text(plan.cli)} ${paint.text(`· context ${plan.context}`, theme.muted)}`,
    ...table(
      cellGroups(plan.cells).map((group) => groupRow(group, paint)),
      paint,
    ).map((line) => `  ${line}`),
    ...(plan.cleanups ?? []).flatMap((cleanup) => cleanupLines(cleanup, paint)),
    ...(plan.copies ?? []).flatMap((copy) => copyLines(copy, paint)),
    ...derivedLines(plan),
    ...heldLines(plan, paint),
    `  ${paint.text(totalText(plan))}`,
  ];
}

interface CellGroup {
  dataset: string;
  action: PlannedCell['action'];
  state: PlannedCell['state'];
  cells: PlannedCell[];
}

/** Cells of one dataset that have the same done to them for the same kind of reason. */
function cellGroups(cells: readonly PlannedCell[]): CellGroup[] {
  const groups = new Map<string, CellGroup>();
  for (const cell of cells) {
    const key = `${cell.dataset} ${cell.action} ${cell.state}`;
    const group = groups.get(key) ?? {
      dataset: cell.dataset,
      action: cell.action,
      state: cell.state,
      cells: [],
    };
    group.cells.push(cell);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => Number(a.action === 'skip') - Number(b.action === 'skip'));
}

function groupRow({ dataset, action, state, cells }: CellGroup, paint: Paint): TableCell[] {
  const { theme } = paint;
  const reasons = new Set(cells.map((cell) => cell.reason));
  const size = cells.reduce((sum, cell) => sum + (cell.object?.size ?? 0), 0);
  const skipped = action === 'skip';
  return [
    { text: action, style: skipped ? theme.muted : theme.strong },
    dataset,
    ranges(cells.map((cell) => cell.period).sort()).join(','),
    { text: skipped || size === 0 ? '' : bytes(size), align: 'right' },
    { text: `${theme.glyphs.state[state]} ${state}`, style: theme.state[state] },
    {
      text: reasons.size === 1 ? ([...reasons][0] ?? '') : plural(cells.length, 'delivery', 'deliveries'),
      style: theme.muted,
    },
  ];
}

function cleanupLines(cleanup: CleanupPlan, paint: Paint): string[] {
  const { relation, place, rows, proven, periods } = cleanup;
  const count = (value: number) => value.toLocaleString('en');
  return [
    `  ${paint.text(`${count(proven)} of ${count(rows)} rows of ${relation} in ${place} are proven loaded, and would be deleted there`)}`,
    ...table(
      periods.map((each) => [
        each.period,
        { text: count(each.rows), align: 'right' as const },
        `${count(each.proven)} deleted`,
        {
          text: each.rows === each.proven ? '' : `${count(each.rows - each.proven)} stay: not loaded yet`,
          style: paint.theme.warn,
        },
      ]),
      paint,
    ).map((line) => `    ${line}`),
  ];
}

function copyLines({ name, schema, from, into, tables, excluded, tool }: CopyPlan, paint: Paint): string[] {
  const text = (line: string, indent = '  ') => `${indent}${paint.text(line)}`;
  return [
    text(`copy ${name}: ${plural(tables.length, 'table')} of the schema ${schema} in ${from}, by ${tool}`),
    text(`replace those of ${into}: ${tables.join(', ') || 'none'}`, '    '),
    ...(excluded.length === 0 ? [] : [text(`left out: ${excluded.join(', ')}`, '    ')]),
  ];
}

function derivedLines(plan: Plan): string[] {
  const named = (kinds: readonly string[]) =>
    plan.steps.filter((step) => kinds.includes(step.kind)).map((step) => step.target);
  const [derived, checks] = [named(['rollup', 'view']), named(['check'])];
  return [
    ...(derived.length === 0 ? [] : [`  then compute ${derived.join(', ')}`]),
    ...(checks.length === 0 ? [] : [`  then check ${checks.join(', ')}`]),
  ];
}

function heldLines(plan: Plan, paint: Paint): string[] {
  return plan.held.map(({ target, by, host, since, run }) =>
    paint.text(
      `  ${target} is held by ${by} on ${host} since ${since}${run === undefined ? '' : `, run ${run}`}`,
      paint.theme.warn,
    ),
  );
}

function totalText(plan: Plan): string {
  if (plan.steps.length === 0) return 'nothing to do';
  const steps = plural(plan.steps.length, 'step');
  if (plan.estimateSeconds === undefined) return `${steps}, for how long is not known: some were never run`;
  return `${steps}, about ${duration(plan.estimateSeconds)} with ${plan.request.concurrency} at once (median of past runs)`;
}

/** Why nothing has to be done: '12 loaded, 3 not due'. */
export function nothingToDoText(plan: Plan): string {
  const counts = new Map<string, number>();
  for (const cell of plan.cells) counts.set(cell.state, (counts.get(cell.state) ?? 0) + 1);
  const states = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  if (plan.copies !== undefined) return 'Nothing to do: no copy is defined and switched on.';
  if (plan.cleanups !== undefined) return 'Nothing to do: no row at the source is proven loaded.';
  if (plan.cells.length === 0) return 'Nothing to do: nothing is owed.';
  return `Nothing to do: ${plural(plan.cells.length, 'delivery', 'deliveries')}, ${states}.`;
}
