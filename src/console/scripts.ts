import { dirname } from 'node:path';
import { toDayboardError } from '../project/errors.ts';
import type { RunEvent } from '../plan/events.ts';
import type { ScriptSummary } from '../plan/script.ts';
import type { ScriptRequest } from '../run/ready-script.ts';
import { scriptRunPlan } from '../run/script-run.ts';
import type { Workspace } from '../run/workspace.ts';
import type { Feed } from './feed.ts';
import { say } from './moves.ts';
import type { Runs } from './runs.ts';
import { fieldsOf, scriptUnderCursor } from './script-rows.ts';
import type { Store } from './store.ts';

/** So many lines of what a script writes are taken into its log at once; what is older is in the ledger. */
const MOST_LINES = 2_000;

/** Asks for a script's parameters, plans it and starts it. */
export class Scripts {
  private readonly workspace: Workspace;
  private readonly store: Store;
  private readonly feed: Feed;
  private readonly runs: Runs;
  private readonly now: () => string;

  constructor(parts: { workspace: Workspace; store: Store; feed: Feed; runs: Runs; now: () => string }) {
    this.workspace = parts.workspace;
    this.store = parts.store;
    this.feed = parts.feed;
    this.runs = parts.runs;
    this.now = parts.now;
  }

  /** Opens the script under the cursor: its parameters where it has some, else its plan. */
  open(): void {
    const script = scriptUnderCursor(this.store.current);
    if (script === undefined) return;
    const fields = fieldsOf(script);
    this.store.update((state) => ({ ...state, dialog: { kind: 'parameters', script, fields, row: 0 } }));
    if (fields.length === 0) void this.plan();
  }

  /** Plans the script of the dialog with what was typed; a problem is shown where it can be mended. */
  async plan(): Promise<void> {
    const { dialog } = this.store.current;
    if (dialog?.kind !== 'parameters') return;
    const request = requestOf(
      dialog.script,
      dialog.fields.flatMap(({ parameter, typed }) =>
        typed.trim() === '' ? [] : [[parameter.name, typed.trim()] as const],
      ),
    );
    const isAwaited = () => this.store.current.dialog === dialog;
    try {
      const plan = await this.workspace.planScript(request);
      if (!isAwaited()) return;
      this.store.update((state) => ({
        ...state,
        dialog: { kind: 'script', plan, request, first: 0, typed: '', starting: false },
      }));
    } catch (thrown) {
      const problem = toDayboardError(thrown).message;
      if (!isAwaited()) return;
      this.store.update((state) =>
        dialog.fields.length === 0
          ? say({ ...state, dialog: undefined }, problem, 'bad')
          : { ...state, dialog: { ...dialog, problem } },
      );
    }
  }

  /** Runs the plan of the dialog, and shows its run. */
  async start(): Promise<void> {
    const { dialog } = this.store.current;
    if (dialog?.kind !== 'script' || dialog.starting) return;
    this.store.update((state) => ({ ...state, dialog: { ...dialog, starting: true } }));
    const plan = scriptRunPlan(dialog.plan, this.now());
    const output = new Lines((lines) => this.feed.ownOutput(run, lines));
    let run = '';
    try {
      const handle = await this.workspace.startScript(
        dialog.plan,
        dialog.request,
        { stdin: nothing, stdout: (data) => output.add(data), stderr: () => undefined },
        (event: RunEvent) => {
          if (event.type !== 'run.started') output.flush();
          this.feed.ownEvent(event, plan);
        },
      );
      run = handle.id;
      this.runs.started(handle, plan);
      output.flush();
    } catch (thrown) {
      const error = toDayboardError(thrown).toJSON();
      this.store.update((state) => ({ ...state, dialog: { ...dialog, starting: false, error } }));
    }
  }
}

async function* nothing(): AsyncIterable<Buffer> {}

/** Its files lie beside it; an error stops it. */
function requestOf({ name, file }: ScriptSummary, variables: ScriptRequest['variables']): ScriptRequest {
  return { script: name, directory: dirname(file), variables, singleTransaction: false, onError: 'stop' };
}

/** What a script writes, by whole lines, a batch at a time. */
class Lines {
  private rest = '';
  private lines: string[] = [];
  private waiting: NodeJS.Immediate | undefined;
  private readonly take: (lines: string[]) => void;

  constructor(take: (lines: string[]) => void) {
    this.take = take;
  }

  add(data: string | Buffer): void {
    const parts = (this.rest + data.toString()).split('\n');
    this.rest = parts.pop() ?? '';
    this.lines.push(...parts.slice(-MOST_LINES));
    if (this.lines.length > MOST_LINES) this.lines = this.lines.slice(-MOST_LINES);
    this.waiting ??= setImmediate(() => this.flush());
  }

  flush(): void {
    clearImmediate(this.waiting);
    this.waiting = undefined;
    if (this.lines.length > 0) this.take(this.lines.splice(0));
  }
}
