import { DefaultRenderer, Listr, ListrLogger, type ListrTaskWrapper, ProcessOutput, Spinner } from 'listr2';
import { fit, pad, wrap } from '../../console/width.ts';
import type { RunEvent } from '../../plan/events.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Paint } from './paint.ts';
import { failureLines, type Group, RunProgress } from './progress.ts';
import type { Reporter } from './reporter.ts';

type Wrapper = ListrTaskWrapper<unknown, typeof StderrRenderer, typeof StderrRenderer>;

/** Titles follow the run this often; the spinner turns faster by itself. */
const REFRESH_MILLISECONDS = 250;

/** So many failures stay in sight; all of them are told at the end. */
const FAILURES_IN_SIGHT = 3;

const ASCII_SPINNER = ['-', '\\', '|', '/'];

/** listr2 looks at stdout alone to see whether there is a terminal; the list is drawn on stderr. */
class StderrRenderer extends DefaultRenderer {
  static override nonTTY = true;
}

/**
 * The live list of a run on a terminal: for deliveries, what is derived from them, and checks one line each with
 * counts, and under it what is being done now. However many days a run has, the list stays as long as the run is wide.
 */
export class ListReporter implements Reporter {
  private readonly progress: RunProgress;
  private readonly paint: Paint;
  private readonly now: () => string;
  private readonly tasks = new Map<Group, Wrapper>();
  private readonly lanes = new Map<object, Wrapper>();
  /** How many failures of a group were shown. */
  private readonly shown = new Map<Group, number>();
  private readonly endings = new Map<Group, PromiseWithResolvers<'well' | 'badly'>>();
  private readonly listr: Listr<unknown, typeof StderrRenderer, typeof StderrRenderer>;
  private readonly running: Promise<unknown>;
  private readonly timer: NodeJS.Timeout;
  private note = '';

  constructor(parts: { stream: NodeJS.WriteStream; paint: Paint; plan: Plan; now: () => string }) {
    this.paint = parts.paint;
    this.now = parts.now;
    this.progress = new RunProgress(parts.plan, parts.now());
    const output = new ProcessOutput(parts.stream, parts.stream);
    this.listr = new Listr(
      this.progress.groups.map((group) => this.groupTask(group)),
      {
        concurrent: true,
        exitOnError: false,
        registerSignalListeners: false,
        renderer: StderrRenderer,
        rendererOptions: {
          logger: new ListrLogger({ processOutput: output, useIcons: true, toStderr: [] }),
          clearOutput: true,
          formatOutput: 'truncate',
          ...looks(parts.paint),
        },
      },
    );
    this.running = this.listr.run();
    this.timer = setInterval(() => this.refresh(), REFRESH_MILLISECONDS);
  }

  event(event: RunEvent): void {
    this.progress.event(event);
    if (event.type === 'step.progress') return;
    if (event.type === 'run.cancelling') {
      this.note = event.mode === 'now' ? 'cancelling' : 'stopping after the steps in flight';
    }
    this.refresh();
  }

  message(text: string): void {
    this.note = text;
    this.refresh();
  }

  async end(): Promise<void> {
    clearInterval(this.timer);
    for (const [group, ending] of this.endings) {
      for (const lane of group.lanes) this.showLane(undefined, this.lanes.get(lane));
      ending.resolve('well');
    }
    await this.running;
  }

  private groupTask(group: Group) {
    const ending = Promise.withResolvers<'well' | 'badly'>();
    this.endings.set(group, ending);
    return {
      title: this.groupTitle(group),
      rendererOptions: { outputBar: FAILURES_IN_SIGHT, persistentOutput: true },
      task: (_: unknown, task: Wrapper) => {
        this.tasks.set(group, task);
        return task.newListr(
          group.lanes.map((lane, index) => this.laneTask(lane, index === 0, ending.promise)),
          { concurrent: true },
        );
      },
    };
  }

  private laneTask(lane: object, speaksForGroup: boolean, ending: Promise<'well' | 'badly'>) {
    return {
      title: ' ',
      task: async (_: unknown, wrapper: Wrapper) => {
        this.lanes.set(lane, wrapper);
        hide(wrapper);
        // A group takes the look of a failed one from a failed line under it.
        if ((await ending) === 'badly' && speaksForGroup) throw new Error('a step failed');
      },
    };
  }

  private refresh(): void {
    const now = this.now();
    for (const [group, task] of this.tasks) {
      setTitle(task, this.groupTitle(group));
      for (const lane of group.lanes) {
        const shown = group.finished ? undefined : this.progress.laneText(lane, now);
        this.showLane(shown, this.lanes.get(lane));
      }
      this.showFailures(group, task);
      if (group.finished) this.endings.get(group)?.resolve(group.failures.length > 0 ? 'badly' : 'well');
    }
  }

  private groupTitle(group: Group): string {
    const text = this.progress.groupText(group, this.now());
    const { theme } = this.paint;
    const note = this.note === '' || group.finished ? '' : this.paint.text(` · ${this.note}`, theme.warn);
    return this.paint.text(text, group.failures.length > 0 ? theme.bad : theme.strong) + note;
  }

  private showLane(shown: ReturnType<RunProgress['laneText']>, wrapper: Wrapper | undefined): void {
    if (wrapper === undefined) return;
    if (shown === undefined) {
      hide(wrapper);
      return;
    }
    const { theme } = this.paint;
    const name = pad(shown.name, this.progress.longestName);
    setTitle(
      wrapper,
      `${this.paint.text(name, shown.running ? '' : theme.muted)}  ${this.paint.text(shown.text, theme.muted)}`,
    );
  }

  private showFailures(group: Group, task: Wrapper): void {
    const shown = this.shown.get(group) ?? 0;
    const { theme, width } = this.paint;
    for (const { step, error } of group.failures.slice(shown)) {
      const [head = '', ...rest] = failureLines(step, error);
      const lines = rest.flatMap((line) => wrap(line, Math.max(20, width - 8), 2));
      task.output = [
        this.paint.text(fit(head, Math.max(20, width - 8)), theme.bad),
        ...lines.map((line) => this.paint.text(line, theme.muted)),
      ].join('\n');
    }
    this.shown.set(group, group.failures.length);
  }
}

/** A task without a title is not drawn. */
function hide(task: Wrapper): void {
  if (task.title !== undefined) task.title = undefined as unknown as string;
}

function setTitle(task: Wrapper, title: string): void {
  if (task.title !== title) task.title = title;
}

function looks(paint: Paint) {
  const { theme } = paint;
  const { step, branch } = theme.glyphs;
  const spinner = new Spinner();
  if (branch === '`') Object.assign(spinner, { spinner: ASCII_SPINNER });
  const in_ = (style: string) => (text?: string) => paint.text(text ?? '', style);
  return {
    spinner,
    icon: {
      PENDING: step.running,
      COMPLETED: step.done,
      COMPLETED_WITH_FAILED_SUBTASKS: step.failed,
      OUTPUT: step.failed,
      WAITING: step.queued,
    },
    color: {
      PENDING: in_(theme.step.running),
      COMPLETED: in_(theme.step.done),
      COMPLETED_WITH_FAILED_SUBTASKS: in_(theme.step.failed),
      OUTPUT: in_(theme.step.failed),
      WAITING: in_(theme.step.queued),
    },
  };
}
