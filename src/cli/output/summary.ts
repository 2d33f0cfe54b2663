import { duration, plural } from '../../console/format.ts';
import type { Outcome, RunEvent, StepName } from '../../plan/events.ts';
import { ranges } from '../../plan/command-line.ts';
import type { Plan } from '../../plan/plan.ts';
import type { ErrorValue } from '../../project/errors.ts';
import { factsText, TOLD_BY_STEP } from './error.ts';
import type { Paint } from './paint.ts';
import { type Reporter, stepText } from './reporter.ts';

interface Failure {
  step: StepName;
  error: ErrorValue;
}

/** Notes of these steps say something about the data; those of others about the run, which is over. */
const TELLING: ReadonlySet<string> = new Set(['load', 'undo', 'check', 'cleanup', 'copy', 'follow']);

/** Listens to a run beside its reporter, and says at the end how it went. */
export class Summary implements Pick<Reporter, 'event'> {
  private readonly plan: Plan;
  private readonly failures: Failure[] = [];
  /** Periods by what was noted: many days often have the same. */
  private readonly notes = new Map<string, { step: StepName; message: string; periods: string[] }>();
  /** Guards that would have stopped a delivery, and were overridden. */
  private readonly overridden = new Set<unknown>();
  private derived = 0;
  private checks = 0;
  private run = '';
  private outcome: Outcome | undefined;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  event(event: RunEvent): void {
    this.run = event.run;
    if (event.type === 'run.done') this.outcome = event.outcome;
    if (event.type === 'step.failed') this.failures.push({ step: event.step, error: event.error });
    if (event.type === 'step.note' && TELLING.has(event.step.kind)) this.note(event.step, event.message);
    if (event.type !== 'step.done') return;
    if (event.step.kind === 'rollup' || event.step.kind === 'view' || event.step.kind === 'aggregate')
      this.derived += 1;
    if (event.step.kind === 'check') this.checks += 1;
    const forced = event.step.kind === 'load' ? event.detail?.['forced'] : undefined;
    if (Array.isArray(forced)) for (const guard of forced) this.overridden.add(guard);
  }

  /** The guards that --force named and that would have stopped nothing of what was loaded, as a sentence. */
  unneeded(): string | undefined {
    const { command, force } = this.plan.request;
    if (this.outcome === undefined || command === 'diff') return undefined;
    const idle = force.filter((guard) => !this.overridden.has(guard));
    if (idle.length === 0) return undefined;
    const names = idle.join(', ');
    return `--force ${idle.join(',')} was not needed: ${idle.length === 1 ? `the guard ${names}` : `none of the guards ${names}`} would${idle.length === 1 ? ' not' : ''} have stopped what was loaded.`;
  }

  /** Lines for people; empty before the run has ended. */
  text(paint: Paint): string[] {
    if (this.outcome === undefined) return [];
    return [
      this.headline(this.outcome, paint),
      ...this.deliveriesLine(this.outcome),
      ...this.goOnLines(this.outcome, paint),
      ...this.derivedLine(),
      ...this.noteLines(paint),
      ...this.unneededLines(paint),
      ...this.failures.flatMap((failure) => this.failureText(failure, paint)),
    ];
  }

  private headline(outcome: Outcome, paint: Paint): string {
    const { theme } = paint;
    const [glyph, style, words] = {
      done: [theme.glyphs.step.done, theme.good, 'done'],
      partly: [theme.glyphs.state.suspicious, theme.warn, 'partly done'],
      failed: [theme.glyphs.step.failed, theme.bad, 'failed'],
      cancelled: [theme.glyphs.step.cancelled, theme.muted, 'cancelled'],
    }[outcome.state] as [string, string, string];
    return `${paint.text(`${glyph} run ${this.run} ${words}`, style)} ${paint.text(`in ${duration(outcome.seconds)}`, theme.muted)}`;
  }

  private deliveriesLine(outcome: Outcome): string[] {
    const { command, cells } = this.plan.request;
    if (cells.length === 0) return [];
    const { published, failed, unchanged, cancelled } = outcome.deliveries;
    const asked = this.plan.cells.filter((cell) => cell.action === command).length - failed - cancelled;
    const did = { fetch: `${asked} fetched`, undo: `${asked} taken back` } as Partial<Record<string, string>>;
    return [
      `  deliveries: ${[
        did[command] ?? `${published} published`,
        `${failed} failed`,
        `${unchanged} unchanged`,
        ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
      ].join(', ')}`,
    ];
  }

  /** What was cancelled can be gone on with: what is done is not done twice, but by an undo, which goes further back. */
  private goOnLines(outcome: Outcome, paint: Paint): string[] {
    if (outcome.state !== 'cancelled') return [];
    const goOn = this.plan.request.command === 'undo' ? '' : ` To go on: ${this.plan.cli}`;
    return paint.block(`What is done stays, and the rest is as it was.${goOn}`, 2, paint.theme.muted);
  }

  private derivedLine(): string[] {
    const parts = [
      ...(this.derived > 0 ? [plural(this.derived, 'derived relation')] : []),
      ...(this.checks > 0 ? [plural(this.checks, 'check')] : []),
    ];
    return parts.length === 0 ? [] : [`  after them: ${parts.join(', ')}`];
  }

  private note(step: StepName, message: string): void {
    const key = `${step.kind} ${step.target} ${message}`;
    const note = this.notes.get(key) ?? { step, message, periods: [] };
    if (step.period !== undefined) note.periods.push(step.period);
    this.notes.set(key, note);
  }

  private noteLines(paint: Paint): string[] {
    const { theme } = paint;
    return [...this.notes.values()].flatMap(({ step, message, periods }) => {
      const which = [step.target, ranges(periods.sort()).join(',')].filter((part) => part !== '').join(' ');
      return [
        paint.text(`${theme.glyphs.state.suspicious} ${which}`, theme.warn),
        ...paint.block(message, 4, theme.muted),
      ];
    });
  }

  private unneededLines(paint: Paint): string[] {
    const unneeded = this.unneeded();
    return unneeded === undefined ? [] : paint.block(unneeded, 2, paint.theme.muted);
  }

  private failureText({ step, error }: Failure, paint: Paint): string[] {
    const { theme } = paint;
    const where = factsText(error.facts, TOLD_BY_STEP);
    return [
      paint.text(`${theme.glyphs.step.failed} ${stepText(step)}`, theme.bad),
      ...paint.block(error.message, 4),
      ...paint.block(`${error.code}${where === '' ? '' : ` · ${where}`}`, 4, theme.muted),
      ...paint.block(this.kept(step), 4),
      ...(error.next === undefined ? [] : paint.block(error.next, 4)),
    ];
  }

  /** What the failure left as it was. */
  private kept(step: StepName): string {
    if (step.kind === 'check') return 'It only looked: nothing was changed.';
    if (step.period === undefined) return `${step.target} is as it was before, and owed.`;
    const cell = this.plan.cells.find((each) => each.dataset === step.target && each.period === step.period);
    const version = cell?.version ?? 0;
    if (version === 0) return `Nothing of ${step.target} ${step.period} is published.`;
    return `Version ${version} of ${step.target} ${step.period} stays published.`;
  }
}
