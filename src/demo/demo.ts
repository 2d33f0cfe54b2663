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
import { DemoBucket } from './demo-bucket.ts';
import { demoDirectory, readState, removeDemoFiles, writeEnvironment } from './demo-files.ts';
import { removeEmbeddedPostgres, startEmbeddedPostgres, type EmbeddedPostgres } from './postgres/embedded.ts';

export interface DemoOptions {
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

/** The system that the demo shows. */
const SYSTEM = 'tchap-stats';
const DATABASE = 'dayboard_demo';
const BUCKET = 'dayboard-demo';
const CONTEXT = 'demo';

/** The exporters stamp visits at midnight in Paris: in that zone each delivery's rows are of its own days. */
const DEMO_ZONE = 'Europe/Paris';

/** How many weeks of deliveries the demo begins with. */
const WEEKS = 5;

/** Starts a real PostgreSQL and a local S3 server, fills the bucket on the first start, and opens a workspace on them. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const directory = options.directory ?? demoDirectory(options.env);
  const postgresDirectory = `${directory}/postgres`;
  if (options.reset) {
    await removeEmbeddedPostgres({ directory: postgresDirectory, env: options.env });
    removeDemoFiles(directory);
  }
  const state = readState(directory, today(options.now(), DEMO_ZONE).toString());
  const postgres = await startEmbeddedPostgres({
    directory: postgresDirectory,
    env: options.env,
    // The demo is small: its log of changes should not outgrow it.
    settings: { max_wal_size: '192MB' },
    onLog: options.log,
  });
  try {
    await createDatabase(postgres);
    const bucket = await DemoBucket.open({
      directory,
      state,
      bucket: BUCKET,
      weeks: WEEKS,
      timeZone: DEMO_ZONE,
      now: options.now,
      log: options.log,
    });
    return await compose(options, directory, postgres, bucket);
  } catch (thrown) {
    await postgres.stop();
    throw thrown;
  }
}

async function createDatabase(postgres: EmbeddedPostgres): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.connectionString('postgres') });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${ident(DATABASE)}`);
  } catch (thrown) {
    // Another demo on the same directory made it in between.
    if ((thrown as { code?: string }).code !== '42P04') throw thrown;
  } finally {
    await client.end();
  }
}

async function compose(
  options: DemoOptions,
  directory: string,
  postgres: EmbeddedPostgres,
  bucket: DemoBucket,
): Promise<Demo> {
  const variables = {
    DATABASE_URL: postgres.connectionString(DATABASE),
    ...bucket.variables,
    TCHAP_STATS_TIME_ZONE: DEMO_ZONE,
    DAYBOARD_CACHE_DIR: `${directory}/cache`,
  };
  const environmentFile = writeEnvironment(directory, variables);
  const definition = await (systems[SYSTEM] as NonNullable<(typeof systems)[string]>)();
  const project = definition.resolve(variables);
  const workspace = await composeWorkspace({
    project,
    context: { name: CONTEXT, readOnly: false, production: false },
    env: variables,
    actor: options.actor,
    invocation: `dayboard --config ${SYSTEM}`,
    now: options.now,
    baseDirectory: directory,
  });
  return {
    workspace,
    environmentFile,
    begin: (onEvent) => begin(workspace, bucket, project, options, onEvent),
    stop: async () => {
      bucket.stopArrivals();
      await workspace.close();
      await bucket.close();
      await postgres.stop();
    },
  };
}

async function begin(
  workspace: Workspace,
  bucket: DemoBucket,
  project: Project,
  options: DemoOptions,
  onEvent: ((event: RunEvent) => void) | undefined,
): Promise<void> {
  bucket.startArrivals(() => void workspace.list().catch(() => undefined));
  await workspace.list();
  // What failed or changed is left for the operator to find: it is what the demo shows.
  const reprocess = bucket.isFresh ? [...DEFAULT_REPROCESS] : (['missing'] as const);
  const plan = await workspace.plan(firstRequest(project, [...reprocess], options.now()));
  if (!plan.cells.some((cell) => cell.action === 'import' && cell.object !== undefined)) return;
  try {
    const run = await workspace.start(plan, onEvent);
    void run.done
      .then(async (outcome) => {
        if (outcome.state === 'cancelled') return;
        await bucket.putAfterLoad();
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

function firstRequest(project: Project, reprocess: PlanRequest['reprocess'], now: string): PlanRequest {
  const on = project.datasets.filter((dataset) => dataset.off === undefined);
  return {
    command: 'sync',
    cells: on.map((dataset) => ({
      dataset: dataset.name,
      periods: boardPeriods(dataset, { columns: WEEKS * 7 + 1 }, now),
    })),
    reprocess,
    names: [],
    concurrency: 3,
    force: [],
  };
}
