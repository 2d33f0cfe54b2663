import type { Adoption, AdoptProgress } from '../plan/adoption.ts';
import type { Plan } from '../plan/plan.ts';
import { adopt, interrupted, type AdoptParts, type AdoptRequest } from './adopt.ts';
import type { RunContext } from './run-context.ts';
import type { Run } from './runner.ts';

/** Starts a run whose one step does `task`. */
export type StartAdoption = (task: NonNullable<RunContext['task']>) => Promise<Run>;

/**
 * Adopts in a run of its own, so that other consoles see it, follow it and can cancel it, and that who did it and when
 * stays known. Rejects as `adopt` does.
 */
export async function adoptInRun(
  parts: AdoptParts,
  request: AdoptRequest,
  start: StartAdoption,
): Promise<Adoption> {
  const { signal, onProgress } = request;
  let adopted: Adoption | undefined;
  let thrown: Error | undefined;
  const run = await start(async (report, { signal: cancelled, stopping }) => {
    const tell = (progress: AdoptProgress): void => {
      report.note(`${progress.step}: ${progress.message}`);
      report.progress({ phase: progress.step });
      onProgress?.(progress);
    };
    try {
      adopted = await adopt(parts, { ...request, signal: cancelled, stopping, onProgress: tell });
      return { end: 'done', detail: { act: request.act } };
    } catch (failure) {
      thrown = failure instanceof Error ? failure : new Error(String(failure));
      throw failure;
    }
  });
  const cancel = () => run.cancel('now', parts.actor.user);
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) cancel();
  try {
    await run.done;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
  if (adopted !== undefined) return adopted;
  if (thrown !== undefined) throw thrown;
  throw interrupted(request.name);
}

/** The plan of such a run: its one step. */
export function adoptionPlan(
  { name, act }: AdoptRequest,
  about: Pick<Plan, 'project' | 'context' | 'madeAt'> & { invocation: string },
): Plan {
  const { invocation, ...known } = about;
  const flags = act === 'back' ? ' --back' : act === 'replace' || act === 'finish' ? '' : ` --step ${act}`;
  return {
    schema: 'dayboard.plan/1',
    ...known,
    request: { command: 'adopt', cells: [], reprocess: [], names: [name], concurrency: 1, force: [] },
    cells: [],
    steps: [{ seq: 1, kind: 'adopt', target: name, needs: [], after: [], detail: act }],
    held: [],
    basis: '',
    cli: `${invocation} adopt ${name}${flags}`,
  };
}
