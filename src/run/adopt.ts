import type pg from 'pg';
import type { Actor } from '../ledger/actor.ts';
import type { Database } from '../ledger/connection.ts';
import { databaseError } from '../ledger/errors.ts';
import { type LockTarget, releaseLock, takeLock } from '../ledger/locks.ts';
import { planTable } from '../load/adopt/plan.ts';
import { planRollup, replaceWithRollup, uncomputed, type RollupOptions } from '../load/adopt/rollup.ts';
import { adoptTable, takeBack } from '../load/adopt/table.ts';
import { ADOPT_STEPS, type Adoption, type AdoptProgress, type AdoptStep } from '../plan/adoption.ts';
import { DayboardError } from '../project/errors.ts';
import type { Dataset, Project, Rollup } from '../project/model.ts';
import { cancelWhenAborted } from './cancel-when-aborted.ts';
import { didYouMean } from '../project/nearest.ts';
import { rootDataset } from '../rollup/shape.ts';

export interface AdoptRequest {
  /** A dataset, or a rollup. */
  name: string;
  /**
   * For a dataset: up to and including which step, or 'back'. For a rollup: 'compare' computes what it owes and
   * compares, 'replace' puts it in the place of what has its name.
   */
  act: AdoptStep | 'back' | 'compare' | 'replace';
  onProgress?: (progress: AdoptProgress) => void;
  /** Aborted: what is in flight is rolled back; what was done stays, and can be gone on with. */
  signal?: AbortSignal;
  /** Aborted: nothing new is begun, and what was done stays. */
  stopping?: AbortSignal;
}

export interface AdoptParts {
  project: Project;
  database: Database;
  actor: Actor;
  /** Computes these rollups, in a run of their own, and leaves relations of their names alone that are not ours. */
  compute: (project: Project, names: string[], request: AdoptRequest) => Promise<void>;
}

/** What adopting a dataset's table or a rollup's relation would do. Reads only. */
export async function planAdoption(
  client: pg.ClientBase,
  parts: AdoptParts,
  name: string,
): Promise<Adoption> {
  const { dataset, rollup } = find(parts.project, name);
  if (dataset !== undefined) return (await planTable(client, parts.project, dataset)).plan;
  return planRollup({ ...rollupOptions(client, parts, { name, act: 'compare' }, rollup), compares: false });
}

/** Adopts, on a connection of its own that holds the lock of the dataset's table: nobody publishes meanwhile. */
export async function adopt(parts: AdoptParts, request: AdoptRequest): Promise<Adoption> {
  const { dataset, rollup } = find(parts.project, request.name);
  if (dataset !== undefined)
    return withTables(parts, request, dataset, (client) => adoptDataset(client, parts, request, dataset));
  const root = parts.project.datasets.find(({ name }) => name === rootDataset(parts.project, rollup));
  if (root === undefined) throw unknown(parts.project, request.name);
  if (request.act === 'compare') await compute(parts, request, rollup);
  return withTables(parts, request, root, async (client) => {
    const options = rollupOptions(client, parts, request, rollup);
    if (request.act === 'compare') return planRollup(options);
    if (request.act !== 'replace') throw new RangeError(`a rollup has no step ${request.act}`);
    const plan = await planRollup({ ...options, compares: false });
    await replaceWithRollup(options);
    return { ...plan, notes: [], replaced: true };
  });
}

async function adoptDataset(
  client: pg.Client,
  parts: AdoptParts,
  { act, onProgress, signal, stopping }: AdoptRequest,
  dataset: Dataset,
): Promise<Adoption> {
  const options = {
    client,
    project: parts.project,
    dataset,
    actor: parts.actor,
    signal: stopping ?? signal ?? new AbortController().signal,
    progress: onProgress ?? (() => undefined),
  };
  const step = ADOPT_STEPS.find((each) => each === act);
  if (step !== undefined) return adoptTable(options, step);
  if (act !== 'back') throw new RangeError(`a dataset's table has no step ${act}`);
  await takeBack(options);
  return (await planTable(client, parts.project, dataset, false)).plan;
}

/** What the rollup and those below it owe is computed first: what is wrong is compared with nothing. */
async function compute(parts: AdoptParts, request: AdoptRequest, rollup: Rollup): Promise<void> {
  const { project, database } = parts;
  const client = await database.connect('adopt');
  let names: string[];
  try {
    names = await uncomputed(client, project, rollup);
  } catch (thrown) {
    throw databaseError(thrown);
  } finally {
    await client.end().catch(() => undefined);
  }
  if (names.length > 0) await parts.compute(keepingOthers(project), names, request);
}

/** The project as if it said that relations which are not dayboard's are to be left alone for now. */
function keepingOthers(project: Project): Project {
  const existing = { ...project.existing };
  for (const { published } of project.rollups)
    if (published !== undefined) existing[`${published.schema}.${published.name}`] ??= 'keep';
  return { ...project, existing };
}

async function withTables<T>(
  parts: AdoptParts,
  request: AdoptRequest,
  dataset: Dataset,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const { project, database, actor } = parts;
  const client = await database.connect('adopt');
  const stop = cancelWhenAborted(database, client, request.signal);
  const targets = project.datasets
    .filter(({ table }) => table.schema === dataset.table.schema && table.name === dataset.table.name)
    .map(({ name }): LockTarget => `table ${name}`);
  try {
    // What a role has set for queries is not for work that takes as long as its table is large.
    await client.query('SET statement_timeout = 0; SET lock_timeout = 0; SET jit = off');
    for (const target of targets) await takeLock(client, { project: project.name, target, actor });
    return await work(client);
  } catch (thrown) {
    const asked = [request.signal, request.stopping].some((each) => each?.aborted === true);
    throw asked ? interrupted(request.name) : databaseError(thrown);
  } finally {
    stop();
    for (const target of targets) await releaseLock(client, project.name, target);
    await client.end().catch(() => undefined);
  }
}

function rollupOptions(
  client: pg.ClientBase,
  { project, actor }: AdoptParts,
  { onProgress, signal, stopping }: AdoptRequest,
  rollup: Rollup,
): RollupOptions {
  return {
    client,
    project,
    rollup,
    actor,
    signal: stopping ?? signal ?? new AbortController().signal,
    progress: onProgress ?? (() => undefined),
  };
}

function find(
  project: Project,
  name: string,
): { dataset: Dataset; rollup?: never } | { dataset?: never; rollup: Rollup } {
  const dataset = project.datasets.find((each) => each.name === name);
  if (dataset !== undefined) return { dataset };
  const rollup = project.rollups.find((each) => each.name === name);
  if (rollup === undefined) throw unknown(project, name);
  return { rollup };
}

function unknown(project: Project, name: string): DayboardError {
  const known = [...project.datasets, ...project.rollups].map((each) => each.name);
  return new DayboardError({
    code: 'usage.name',
    kind: 'usage',
    message: `There is no dataset or rollup "${name}".${didYouMean(name, known)}`,
    facts: { name },
    next: `There are: ${known.join(', ')}.`,
  });
}

/** An adoption that somebody ended. */
export function interrupted(name: string): DayboardError {
  return new DayboardError({
    code: 'adopt.interrupted',
    kind: 'interrupted',
    message: `The adoption of ${name} was interrupted. What was in flight was rolled back, what was done before stays.`,
    facts: { name },
    next: `Go on with \`dayboard adopt ${name}\`, or take it back with \`dayboard adopt ${name} --back\`.`,
  });
}
