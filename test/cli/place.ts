import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { packageRoot } from '../../src/project/package-root.ts';
import { cleanEnv } from '../support/env.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { openTerminal, type TestTerminal } from '../support/terminal.ts';
import { until } from '../support/until.ts';

/** The launcher that users run. */
const LAUNCHER = join(packageRoot(), 'bin', 'dayboard.cjs');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The lines of stdout as JSON; fails when one is none. */
  json(): Array<Record<string, unknown>>;
}

/** A dayboard that runs. */
export interface Started {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves when stderr shows the text. */
  says(text: string | RegExp): Promise<void>;
  ended: Promise<Ended>;
}

const undone: Array<() => Promise<void>> = [];
afterAll(async () => {
  const problems: unknown[] = [];
  for (const undo of undone.splice(0).reverse())
    await undo().catch((thrown: unknown) => problems.push(thrown));
  if (problems.length > 0) throw problems[0];
});

/** Done after the file, the last one first. */
export function undoLater(undo: () => Promise<void>): void {
  undone.push(undo);
}

/**
 * A folder with a definition, a folder of deliveries, a database of its own, and a user's directories: everything that
 * a dayboard process touches. None of its outputs may ever show the database's password.
 */
export class Place {
  readonly directory: string;
  readonly database: TestDatabase;
  readonly env: Record<string, string>;
  /** What no output may contain. */
  readonly secrets: string[];

  private constructor(directory: string, database: TestDatabase) {
    this.directory = directory;
    this.database = database;
    this.env = {
      ...cleanEnv(),
      DATABASE_URL: database.url,
      HOME: directory,
      XDG_CONFIG_HOME: join(directory, 'user-config'),
      XDG_CACHE_HOME: join(directory, 'user-cache'),
      XDG_DATA_HOME: join(directory, 'user-data'),
    };
    this.secrets = [decodeURIComponent(new URL(database.url).password)];
    if (this.secrets[0] === '') throw new Error('the test database has no password to look for');
  }

  /** @param config the text of dayboard.config.ts */
  static async make(config: string): Promise<Place> {
    const directory = mkdtempSync(join(tmpdir(), 'dayboard-cli-'));
    undoLater(async () => rmSync(directory, { recursive: true, force: true }));
    const place = new Place(directory, await createTestDatabase());
    mkdirSync(join(directory, 'deliveries'));
    place.write('dayboard.config.ts', config);
    return place;
  }

  write(file: string, content: string): void {
    mkdirSync(join(this.directory, file, '..'), { recursive: true });
    writeFileSync(join(this.directory, file), content);
  }

  deliver(file: string, content: string): void {
    this.write(join('deliveries', file), content);
  }

  start(args: readonly string[], env: Record<string, string | undefined> = {}): Started {
    const all = Object.entries({ ...this.env, ...env }).filter((entry) => entry[1] !== undefined);
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      cwd: this.directory,
      env: Object.fromEntries(all),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    undoLater(async () => {
      child.kill('SIGKILL');
      await closed;
    });
    const closed = new Promise((resolve) => child.on('close', resolve));
    const written = { stdout: '', stderr: '' };
    // A letter may come in two pieces.
    child.stdout.setEncoding('utf8').on('data', (text: string) => (written.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (written.stderr += text));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('close', (code) => {
        try {
          resolve(this.checked(code, written));
        } catch (thrown) {
          reject(thrown);
        }
      });
    });
    ended.catch(() => undefined);
    return {
      child,
      stdout: () => written.stdout,
      stderr: () => written.stderr,
      says: async (text) => {
        const shows = () =>
          typeof text === 'string' ? written.stderr.includes(text) : text.test(written.stderr);
        await until(shows, { what: `stderr to show ${String(text)}` });
      },
      ended,
    };
  }

  async run(args: readonly string[], env: Record<string, string | undefined> = {}): Promise<Ended> {
    return this.start(args, env).ended;
  }

  /** In a terminal of 100 columns and 30 rows. */
  terminal(args: readonly string[], env: Record<string, string | undefined> = {}): TestTerminal {
    const terminal = openTerminal({
      command: process.execPath,
      args: [LAUNCHER, ...args],
      cols: 100,
      rows: 30,
      cwd: this.directory,
      env: { ...this.env, ...env },
    });
    undoLater(async () => {
      terminal.kill('SIGKILL');
      await terminal.exit;
    });
    return terminal;
  }

  async query<Row extends object>(sql: string): Promise<Row[]> {
    const client = await this.database.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  private checked(code: number | null, { stdout, stderr }: { stdout: string; stderr: string }): Ended {
    if (this.secrets.some((secret) => `${stdout}${stderr}`.includes(secret))) {
      throw new Error(`a secret was shown:\n${stdout}${stderr}`);
    }
    return {
      code,
      stdout,
      stderr,
      json: () =>
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  }
}

/** Visits and sign-ons of each day, visits counted per day, one check. */
export const CONFIG = `
import { defineProject, deliveryDay } from 'dayboard';

const table = { columns: { id: 'text', day: { type: 'date', value: deliveryDay() } }, partitionBy: 'day' };
const dataset = (name: string) => ({
  name,
  key: name + '_{period}.csv',
  carries: { kind: 'period' as const, column: 'day' },
  file: ['id'],
  table,
});

export default defineProject((env) => ({
  name: 'site',
  sources: env.S3_BUCKET_NAME ? { files: { kind: 's3' } } : { files: { kind: 'directory', path: 'deliveries' } },
  schedule: { catchUpDays: 3 },
  datasets: [
    { ...dataset('visits'), freshness: { column: 'day', warnHours: 30, errorHours: 54 } },
    dataset('sso'),
    { ...dataset('pushers'), off: 'takes 40 GB and is not used' },
  ],
  rollups: [
    {
      name: 'visits_per_day',
      over: 'visits',
      groups: { day: 'date' },
      measures: { visits: { kind: 'count' } },
      bucket: { group: 'day' },
    },
  ],
  checks: [
    { name: 'no_robots', of: ['visits'], sql: "SELECT day, count(*) AS robots FROM visits WHERE id = 'robot' GROUP BY day" },
  ],
}));
`;

/** A day so many days before today, UTC. */
export function daysAgo(count: number): string {
  return new Date(Date.now() - count * 86_400_000).toISOString().slice(0, 10);
}

/** A file of visits with these ids. */
export function file(...ids: string[]): string {
  return ['id', ...ids, ''].join('\n');
}
