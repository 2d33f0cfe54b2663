import pg from 'pg';
import type { Actor } from '../ledger/actor.ts';
import { ident } from '../ledger/sql.ts';
import type { RunEvent } from '../plan/events.ts';
import type { PlanRequest } from '../plan/plan.ts';
import { DEFAULT_REPROCESS } from '../plan/command-line.ts';
import { DayboardError } from '../project/errors.ts';
import type { Environment } from '../project/environment.ts';
import type { Project } from '../project/model.ts';
import { today } from '../project/period.ts';
import { composeWorkspace } from '../run/compose.ts';
import { boardPeriods } from '../run/ranges.ts';
import type { Workspace } from '../run/workspace.ts';
import { systems } from '../systems/index.ts';
import { demoDirectory, readState, removeDemoFiles, writeEnvironment } from './demo-files.ts';
import { storyOf } from './stories.ts';
import type { DemoSource, DemoStory } from './story.ts';
import { removeEmbeddedPostgres, startEmbeddedPostgres, type EmbeddedPostgres } from './postgres/embedded.ts';

export interface DemoOptions {
  /** The system that it shows, as --config names it; the first one that has a demo when undefined. */
  system?: string;
  /** Where it keeps its files; default: a folder of the user's data directory. */
  directory?: string;
  /** Starts over: what an earlier demo left is removed first. */
  reset: boolean;
  env: Environment;
  actor: Actor;
  now: () => string;
  /** Told in a line each what is started and made. */
  log: (line: string) => void;
}

export interface Demo {
  workspace: Workspace;
  /** A file that another terminal can source to work on the same demo: the path, its content is private. */
  environmentFile: string;
  /** Starts the demo's main job: the sync of its weeks. Resolves when the run has begun, or there is nothing to do. */
  begin(onEvent?: (event: RunEvent) => void): Promise<void>;
  /** Ends the run, the servers and everything that was started. */
  stop(): Promise<void>;
}

const CONTEXT = 'demo';

/** Starts a real PostgreSQL and what the system's story needs beside it, fills the source, and opens a workspace on them. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const story = storyOf(options.system);
  const directory = options.directory ?? demoDirectory(options.env, story.folder);
  const postgresDirectory = `${directory}/postgres`;
  if (options.reset) {
    await removeEmbeddedPostgres({ directory: postgresDirectory, env: options.env });
    removeDemoFiles(directory);
  }
  const state = readState(directory, today(options.now(), story.timeZone).toString());
  const postgres = await startEmbeddedPostgres({
    directory: postgresDirectory,
    env: options.env,
    // The demo is small: its log of changes should not outgrow it.
    settings: { max_wal_size: '192MB' },
    onLog: options.log,
  });
  try {
    for (const database of story.databases) await createDatabase(postgres, database);
    const source = await story.open({ directory, state, postgres, now: options.now, log: options.log });
    return await compose(options, story, directory, postgres, source);
  } catch (thrown) {
    await postgres.stop();
    throw thrown;
  }
}

async function createDatabase(postgres: EmbeddedPostgres, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.connectionString('postgres') });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${ident(name)}`);
  } catch (thrown) {
    // Another demo on the same directory made it in between.
    if ((thrown as { code?: string }).code !== '42P04') throw thrown;
  } finally {
    await client.end();
  }
}

async function compose(
  options: DemoOptions,
  story: DemoStory,
  directory: string,
  postgres: EmbeddedPostgres,
  source: DemoSource,
): Promise<Demo> {
  const variables = { ...source.variables, DAYBOARD_CACHE_DIR: `${directory}/cache` };
  const environmentFile = writeEnvironment(directory, variables);
  const definition = await (systems[story.system] as NonNullable<(typeof systems)[string]>)();
  const project = definition.resolve(variables);
  const workspace = await composeWorkspace({
    project,
    context: { name: CONTEXT, readOnly: false, production: false },
    env: variables,
    actor: options.actor,
    invocation: `dayboard --config ${story.system}`,
    now: options.now,
    baseDirectory: directory,
  });
  return {
    workspace,
    environmentFile,
    begin: (onEvent) => begin(workspace, source, story, options, onEvent),
    stop: async () => {
      source.stopArrivals();
      await workspace.close();
      await source.close();
      await postgres.stop();
    },
  };
}

async function begin(
  workspace: Workspace,
  source: DemoSource,
  story: DemoStory,
  options: DemoOptions,
  onEvent: ((event: RunEvent) => void) | undefined,
): Promise<void> {
  source.startArrivals(() => void workspace.list().catch(() => undefined));
  await workspace.list();
  // What failed or changed is left for the operator to find: it is what the demo shows.
  const reprocess = source.isFresh ? [...DEFAULT_REPROCESS] : (['missing'] as const);
  const plan = await workspace.plan(firstRequest(workspace.project, story, [...reprocess], options.now()));
  if (!plan.cells.some((cell) => cell.action === 'import' && cell.object !== undefined)) return;
  try {
    const run = await workspace.start(plan, onEvent);
    void run.done
      .then(async (outcome) => {
        if (outcome.state === 'cancelled') return;
        await source.afterLoad(workspace);
        await workspace.list();
      })
      // The demo may be stopped meanwhile: its story goes on at the next start.
      .catch(() => undefined);
  } catch (thrown) {
    // A second console on the same demo: the first one is at it.
    if (!(thrown instanceof DayboardError) || thrown.kind !== 'refused') throw thrown;
    options.log(thrown.message);
  }
}

function firstRequest(
  project: Project,
  { weeks }: DemoStory,
  reprocess: PlanRequest['reprocess'],
  now: string,
): PlanRequest {
  const on = project.datasets.filter((dataset) => dataset.off === undefined);
  return {
    command: 'sync',
    cells: on.map((dataset) => ({
      dataset: dataset.name,
      periods: boardPeriods(dataset, { columns: weeks * 7 + 1 }, now),
    })),
    reprocess,
    names: [],
    concurrency: 3,
    force: [],
  };
}
