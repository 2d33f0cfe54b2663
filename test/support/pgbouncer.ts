import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanEnv } from './env.ts';

export type PoolMode = 'session' | 'transaction' | 'statement';

/** A PgBouncer of its own in front of a server. */
export interface PgBouncer extends AsyncDisposable {
  /** The connection string of a database behind it. */
  url: string;
}

/** Who runs it where the tests are root's: it refuses to be. */
const NOBODY = 65_534;

/** Why no PgBouncer can be started here; undefined when one can. */
export function pgBouncerObstacle(): string | undefined {
  return spawnSync('pgbouncer', ['--version']).status === 0 ? undefined : 'pgbouncer is not installed';
}

/** Whether to run tests against PgBouncer: where it is installed, and where DAYBOARD_REQUIRE_PGBOUNCER=1 asks for it. */
export function wantPgBouncer(): boolean {
  return process.env['DAYBOARD_REQUIRE_PGBOUNCER'] === '1' || pgBouncerObstacle() === undefined;
}

/** Starts one in front of a database. `settings` are those of its file, as in { ignore_startup_parameters: 'options' }. */
export async function startPgBouncer(
  databaseUrl: string,
  mode: PoolMode,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<PgBouncer> {
  const obstacle = pgBouncerObstacle();
  if (obstacle !== undefined) throw new Error(obstacle);
  const directory = await mkdtemp(join(tmpdir(), 'dayboard-pgbouncer-'));
  const port = await freePort();
  const server = new URL(databaseUrl);
  const database = server.pathname.slice(1);
  const given = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: mode,
    default_pool_size: 20,
    ...settings,
  };
  const file = join(directory, 'pgbouncer.ini');
  await writeFile(
    file,
    `[databases]
${database} = host=${server.hostname} port=${server.port} dbname=${database} user=${server.username} password=${decodeURIComponent(server.password)}
[pgbouncer]
${Object.entries(given)
  .map(([name, value]) => `${name} = ${value}`)
  .join('\n')}
`,
  );
  await chmod(directory, 0o755);
  const child = spawn('pgbouncer', [file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: cleanEnv(),
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let told = '';
  const ready = new Promise<boolean>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text;
      if (/process up/u.test(told)) resolve(true);
    });
    void ended.then(() => resolve(false));
  });
  if (!(await ready)) throw new Error(`PgBouncer did not start:\n${told}`);
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.toString(),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
