import type { Clock } from '../clock.ts';
import { plural } from '../format.ts';
import { Line, styles, type Style } from '../line.ts';
import { logFirst, logHead, logHits, logPageSize, logRows, type LogRow } from '../log.ts';
import type { RunModel } from '../run-model.ts';
import type { ConsoleState } from '../state.ts';
import type { Theme } from '../theme.ts';
import { footerLine } from '../widgets/footer.ts';
import { titleLine } from '../widgets/header.ts';
import { fit, fitMiddle, pad } from '../width.ts';

/** The log of a run over the whole screen. */
export function logScreen(state: ConsoleState, theme: Theme, clock: Clock): string[] {
  const run = state.models.get(state.runView.id ?? '');
  const rows = logRows(run, state.size.columns, state.logView.wrap);
  const page = logPageSize(state);
  const first = logFirst(state, rows.length);
  const lines = rows
    .slice(first, first + page)
    .map((row, index) => logLine(state, theme, clock, { run, row, here: first + index === state.logHit }));
  const empty = run === undefined ? '  Reading the run.' : '  Nothing was said yet.';
  const shown = lines.length > 0 ? lines : ['', empty];
  return [
    titleLine(state, theme, clock, ['runs', state.runView.id ?? '', 'log']),
    headLine(state, theme, rows.length, first, page),
    ...Array.from({ length: page }, (_, index) => shown[index] ?? ''),
    footerLine(state, theme),
  ];
}

function headLine(state: ConsoleState, theme: Theme, total: number, first: number, page: number): string {
  const { logView } = state;
  const line = new Line(state.size.columns).add(' ');
  const follows = logView.first === undefined;
  line.add(follows ? 'follow on' : 'follow off', follows ? theme.good : theme.warn);
  line.add(`  wrap ${logView.wrap ? 'on' : 'off'}`, theme.muted);
  if (logView.search.trim() !== '') {
    const hits = logHits(state);
    const at = hits.indexOf(state.logHit ?? -1);
    const where = at === -1 ? plural(hits.length, 'line') : `${at + 1} of ${hits.length}`;
    line.add(`  /${logView.search}: `, theme.strong).add(where, hits.length === 0 ? theme.warn : theme.good);
  }
  const end = Math.min(total, first + page);
  const range = total === 0 ? '' : `${first + 1}${theme.glyphs.dash}${end} of ${total}`;
  return line.right(range, theme.muted, line.width - 1).end();
}

interface Logged {
  run: RunModel | undefined;
  row: LogRow;
  /** The line that was searched for. */
  here: boolean;
}

function logLine(state: ConsoleState, theme: Theme, clock: Clock, { run, row, here }: Logged): string {
  const { columns } = state.size;
  const { before, name, message } = logHead(run ?? { steps: [] }, columns);
  const { at, step, tone } = row.note;
  const tones = { plain: '', bad: theme.bad, warn: theme.warn, good: theme.good };
  const line = new Line(columns);
  if (row.first) {
    const period = step?.period === undefined ? '' : ` ${step.period.slice(5)}`;
    const who =
      step === undefined
        ? 'run'
        : fitMiddle(`${step.kind} ${step.target}`, name - 1 - period.length, theme.glyphs.ellipsis) + period;
    line.add(`${here ? theme.glyphs.pointer : ' '}${clock.seconds(at)} `, here ? theme.heading : theme.faint);
    if (name > 0) line.add(pad(who, name - 1), theme.muted).add(' ');
  } else line.to(before);
  addFound(line, fit(row.text, message, theme.glyphs.ellipsis), state.logView.search, tones[tone], theme);
  return line.end();
}

/** A text with what is searched for in it standing out. */
function addFound(line: Line, text: string, search: string, style: Style, theme: Theme): void {
  const wanted = search.trim().toLowerCase();
  let rest = text;
  while (wanted !== '') {
    const at = rest.toLowerCase().indexOf(wanted);
    if (at === -1) break;
    line.add(rest.slice(0, at), style);
    line.add(rest.slice(at, at + wanted.length), styles(style, theme.cursor));
    rest = rest.slice(at + wanted.length);
  }
  line.add(rest, style);
}
