import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cleanEnv } from './env.ts';

/** An S3 server that we did not write: Ceph's gateway, with one user. */
export interface Rgw extends AsyncDisposable {
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  close(): Promise<void>;
}

const BINARIES = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph', 'ceph-authtool', 'monmaptool'];
const SCRIPT = join(import.meta.dirname, 'rgw.sh');

/** Why the gateway cannot be started here; undefined when it can. */
export function rgwObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'Ceph daemons are started as root here, and this user is not';
  const missing = BINARIES.filter((name) => !isOnPath(name));
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`;
}

function isOnPath(name: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name]).status === 0;
}

/** Whether to run tests against the gateway: where it can be started, and where DAYBOARD_REQUIRE_RGW=1 asks for it. */
export function wantRgw(): boolean {
  return process.env['DAYBOARD_REQUIRE_RGW'] === '1' || rgwObstacle() === undefined;
}

/** Starts a gateway with memory for its disk, in about 15 seconds. It ends with this process at the latest. */
export async function startRgw(): Promise<Rgw> {
  const obstacle = rgwObstacle();
  if (obstacle !== undefined) throw new Error(`The Ceph gateway cannot be started: ${obstacle}`);
  const directory = await mkdtemp(join(tmpdir(), 'dayboard-rgw-'));
  const [port, monitorPort] = await freePorts();
  const keys = {
    accessKeyId: randomBytes(10).toString('hex'),
    secretAccessKey: randomBytes(20).toString('hex'),
  };
  const child = spawn('bash', [SCRIPT, directory, String(port), String(monitorPort)], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...cleanEnv(), ACCESS_KEY_ID: keys.accessKeyId, SECRET_ACCESS_KEY: keys.secretAccessKey },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  child.stdin.on('error', () => undefined);
  const close = async () => {
    child.stdin.end();
    await ended;
  };
  const ready = new Promise<void>((resolve) => {
    createInterface(child.stdout).on('line', (line) => line === 'ready' && resolve());
  });
  const started = await Promise.race([ready.then(() => true), ended.then(() => false)]);
  if (!started) throw new Error(`The Ceph gateway did not start:\n${complaints}`);
  const endpoint = `http://127.0.0.1:${port}`;
  return { endpoint, ...keys, region: 'us-east-1', close, [Symbol.asyncDispose]: close };
}

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<[number, number]> {
  const servers = await Promise.all([openPort(), openPort()]);
  await Promise.all(servers.map(({ close }) => close()));
  return [servers[0].port, servers[1].port];
}

function openPort(): Promise<{ port: number; close: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      resolve({ port, close: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}
