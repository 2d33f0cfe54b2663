import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/demo/postgres/embedded.ts';
import { openCache } from '../../src/source/cache.ts';
import { packageRoot } from '../../src/project/package-root.ts';
import { cleanEnv } from '../support/env.ts';
import { FAST } from '../support/postgres-settings.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';
import { until } from '../support/until.ts';
import type { FileFault } from './file-fault.ts';
import { RAISE_FUNCTION } from './postgres-proxy.ts';
import { CONFIG, type Digest, digestOf, type Phase, relations } from './scenario.ts';

/** How a dayboard ended, and what it said. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  said: string;
  /** It did not end by itself in time, and was killed. */
  hung: boolean;
  /** A process that it started lives on. */
  orphans: boolean;
}

/** Longer than every patience of dayboard's own. */
const PATIENCE_SECONDS = 120;

/** Everything that the cases of a sweep share: a server that may crash, a bucket, and the states to begin from. */
export class World {
  readonly server: EmbeddedPostgres;
  admin: pg.Client;
  readonly s3: TestS3;
  readonly directory: string;
  private database = 0;

  private constructor(server: EmbeddedPostgres, admin: pg.Client, s3: TestS3, directory: string) {
    this.server = server;
    this.admin = admin;
    this.s3 = s3;
    this.directory = directory;
  }

  static async open(): Promise<World> {
    const directory = await mkdtemp(join(tmpdir(), 'dayboard-test-faults-'));
    await writeFile(join(directory, 'dayboard.config.ts'), CONFIG);
    const server = await startEmbeddedPostgres({
      directory: join(directory, 'postgres'),
      env: process.env,
      // What was committed is there after a crash.
      settings: { ...FAST, synchronous_commit: true },
    });
    const world = new World(server, await connected(server, 'postgres'), await startTestS3(), directory);
    await world.admin.query('CREATE DATABASE before_0 TEMPLATE template0');
    const client = await connected(server, 'before_0');
    await client.query(RAISE_FUNCTION);
    await client.end();
    return world;
  }

  async close(): Promise<void> {
    await this.admin.end();
    await this.s3.close();
    await this.server.stop();
    await rm(this.server.directory, { recursive: true, force: true });
    await rm(this.directory, { recursive: true, force: true });
  }

  async deliver(phase: Phase): Promise<void> {
    for (const [key, content] of Object.entries(phase.delivered)) await this.s3.put(key, content);
  }

  /** A database in the state of a template, and folders of its own. */
  async begin(template: string): Promise<Place> {
    this.database += 1;
    const name = `case_${this.database}`;
    await this.admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
    const directory = join(this.directory, name);
    await mkdir(join(directory, 'tmp'), { recursive: true });
    return new Place(this, name, directory);
  }

  /** The server's processes all end as in an immediate shutdown, and it recovers from its log. */
  async crash(backend: number): Promise<void> {
    process.kill(backend, 'SIGKILL');
    await until(async () => {
      const { rows } = await this.admin.query('SELECT').then(
        () => ({ rows: [] }),
        () => ({ rows: ['lost'] }),
      );
      return rows.length > 0;
    });
    this.admin = await until(() => connected(this.server, 'postgres'));
  }
}

export interface ChildOptions {
  database: string;
  env?: Record<string, string>;
  fault?: FileFault;
  fileLog?: string;
}

/** Where one case happens. */
export class Place {
  readonly world: World;
  readonly name: string;
  readonly directory: string;

  constructor(world: World, name: string, directory: string) {
    this.world = world;
    this.name = name;
    this.directory = directory;
  }

  get url(): string {
    return this.world.server.connectionString(this.name);
  }

  /** Starts a dayboard as users do. `child.kill` reaches dayboard itself. */
  start(args: readonly string[], options: ChildOptions): { child: ChildProcess; ended: Promise<Ended> } {
    const { s3 } = this.world;
    const child = spawn(
      process.execPath,
      [
        '--import',
        new URL('./preload.ts', import.meta.url).href,
        join(packageRoot(), 'bin', 'dayboard.cjs'),
        ...args,
      ],
      {
        cwd: this.world.directory,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: {
          ...cleanEnv(),
          DATABASE_URL: options.database,
          S3_BUCKET_NAME: s3.bucket,
          S3_ENDPOINT: s3.endpoint,
          S3_REGION: s3.region,
          S3_ACCESS_KEY_ID: s3.accessKeyId,
          S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
          HOME: this.directory,
          TMPDIR: join(this.directory, 'tmp'),
          DAYBOARD_CACHE_DIR: this.cache,
          FAULT_CACHE: this.cache,
          NODE_COMPILE_CACHE: join(this.world.directory, 'compiled'),
          ...(options.fault === undefined ? {} : { FAULT_FILE: JSON.stringify(options.fault) }),
          ...(options.fileLog === undefined ? {} : { FAULT_FILE_LOG: options.fileLog }),
          ...options.env,
        },
      },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk));
    const ended = new Promise<Ended>((resolve) => {
      let hung = false;
      const clock = setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, PATIENCE_SECONDS * 1000);
      child.on('close', (code, signal) => {
        clearTimeout(clock);
        resolve({ code, signal, said, hung, orphans: lives(-(child.pid ?? 0)) });
      });
    });
    return { child, ended };
  }

  private get cache(): string {
    return join(this.directory, 'cache');
  }

  async query<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await connected(this.world.server, this.name);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** Resolves once the server has ended whatever a dayboard that is gone left open. */
  async quiet(): Promise<void> {
    await until(
      async () => {
        const { rows } = await this.world.admin.query<{ open: boolean }>(
          `SELECT count(*) > 0 AS open FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'`,
          [this.name],
        );
        return rows[0]?.open === false;
      },
      { what: `no connection to ${this.name} is left` },
    );
  }

  /** What stands in the cache, two days and a run later, and in the folder for temporary files that should not. */
  async strayFiles(): Promise<string[]> {
    const cache = await openCache(this.cache, () => Date.now() + 2 * 86_400_000);
    await cache.evict({});
    const objects = join(this.cache, 'objects');
    const cached = existsSync(objects) ? await readdir(objects) : [];
    const temporary = await readdir(join(this.directory, 'tmp'));
    return [...cached.filter((name) => !/^[0-9a-f]{64}$/.test(name)), ...temporary];
  }

  fileLog(): Promise<string[]> {
    return readFile(join(this.directory, 'files.log'), 'utf8').then(
      (text) => text.trimEnd().split('\n'),
      () => [],
    );
  }

  async end(): Promise<void> {
    await this.world.admin.query(`DROP DATABASE ${this.name} WITH (FORCE)`);
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A state that the database is in between two phases. */
export interface State {
  digest: Digest;
  relations: string[];
}

export async function stateOf(place: Place): Promise<State> {
  return place.query(async (client) => ({
    digest: await digestOf(client),
    relations: await relations(client),
  }));
}

async function connected(server: EmbeddedPostgres, database: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.connectionString(database) });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Whether a process is there; of a group when the number is negative. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
