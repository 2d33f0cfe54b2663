import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as pty from '@lydell/node-pty';
import { afterEach, expect, test } from 'vitest';
import { packageRoot } from '../../src/project/package-root.ts';
import { cleanEnv } from '../support/env.ts';

const folders: string[] = [];
const terminals: pty.IPty[] = [];

afterEach(() => {
  for (const terminal of terminals.splice(0)) terminal.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

interface Installed {
  /** A Node's arguments that start the launcher: as it is, or taking itself for Node 20 with or without execve. */
  current: string[];
  old: string[];
  oldWithExecve: string[];
}

/** An installed dayboard whose program is `main`, beside the Node that npm would bring. */
function install(main: string | undefined, { node = true } = {}): Installed {
  const root = mkdtempSync(join(tmpdir(), 'dayboard-launcher-'));
  folders.push(root);
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  copyFileSync(join(packageRoot(), 'bin', 'dayboard.cjs'), join(root, 'bin', 'dayboard.cjs'));
  if (main !== undefined) writeFileSync(join(root, 'dist', 'main.js'), main);
  if (node) {
    const folder = join(root, 'node_modules', `node-${process.platform}-${process.arch}`);
    mkdirSync(join(folder, 'bin'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{}');
    symlinkSync(process.execPath, join(folder, 'bin', 'node'));
  }
  const pretend = "Object.defineProperty(process, 'versions', { value: { node: '20.1.0' } });";
  writeFileSync(join(root, 'with-execve.cjs'), pretend);
  writeFileSync(join(root, 'old.cjs'), `${pretend} delete process.execve;`);
  const launcher = join(root, 'bin', 'dayboard.cjs');
  return {
    current: [launcher],
    old: ['-r', join(root, 'old.cjs'), launcher],
    oldWithExecve: ['-r', join(root, 'with-execve.cjs'), launcher],
  };
}

function run(args: string[], env: Record<string, string> = {}) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...cleanEnv(), ...env },
  });
  return { status, signal, stdout, stderr };
}

async function ready(child: ChildProcess): Promise<void> {
  if (child.stdout) await once(child.stdout, 'data');
}

const REPORT = 'console.log(JSON.stringify([process.pid, process.argv.slice(2)])); process.exitCode = 7;';

/** Says that it is ready, then how many interrupts it has had once it is told to terminate. */
const COUNT_SIGNALS = `
  let interrupts = 0;
  process.on('SIGINT', () => console.log('interrupts ' + ++interrupts));
  process.on('SIGTERM', () => { console.log('total ' + interrupts); process.exit(3); });
  setInterval(() => {}, 1000);
  console.log('ready');
`;

test('a Node that is new enough runs the program in its own process', async () => {
  const child = spawn(process.execPath, [...install(REPORT).current, 'sync', '--json']);
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(JSON.parse(output)).toEqual([child.pid, ['sync', '--json']]);
  expect(child.exitCode).toBe(7);
});

test('an older Node becomes the Node that npm brought, and nothing else is printed', () => {
  const { stdout, stderr, status } = run([...install(REPORT).oldWithExecve, 'a b', '']);
  expect(JSON.parse(stdout)).toEqual([expect.any(Number), ['a b', '']]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 7 });
});

test('a Node that cannot become another one runs it as a child, and ends with its exit code', () => {
  const { stdout, stderr, status } = run([...install(REPORT).old, 'a b', '']);
  expect(JSON.parse(stdout)).toEqual([expect.any(Number), ['a b', '']]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 7 });
});

test('it dies by the signal that its child died by', () => {
  expect(run(install("process.kill(process.pid, 'SIGKILL');").old).signal).toBe('SIGKILL');
  expect(run(install("process.kill(process.pid, 'SIGTERM');").old).signal).toBe('SIGTERM');
});

test('without a terminal, SIGINT and SIGTERM reach the child once, which decides when to end', async () => {
  const child = spawn(process.execPath, install(COUNT_SIGNALS).old, { stdio: ['ignore', 'pipe', 'inherit'] });
  await ready(child);
  child.kill('SIGINT');
  await ready(child);
  child.kill('SIGTERM');
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(output).toBe('total 1\n');
  expect(child.exitCode).toBe(3);
});

test('Ctrl-C on a terminal, which goes to both processes, counts once', async () => {
  const terminal = pty.spawn(process.execPath, install(COUNT_SIGNALS).old, { env: cleanEnv() });
  terminals.push(terminal);
  let output = '';
  const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  terminal.onData((data) => {
    const before = output;
    output += data;
    if (!before.includes('ready') && output.includes('ready')) terminal.write('\x03');
    if (!before.includes('interrupts 1') && output.includes('interrupts 1')) terminal.kill('SIGTERM');
  });
  expect(await ended).toBe(3);
  terminals.length = 0;
  expect(output).toContain('total 1');
});

test('an older Node without a newer one beside it says what to install', () => {
  const { status, stdout, stderr } = run(install(REPORT, { node: false }).old);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('dayboard needs Node 24 or newer');
  expect(stderr).toContain('Install Node 24');
});

test('a checkout that was not built says how to start it', () => {
  const { status, stderr } = run(install(undefined).current);
  expect(status).toBe(2);
  expect(stderr).toContain('./scripts/dayboard');
});

test('an error inside the program is not mistaken for a missing build', () => {
  const { status, stderr } = run(install("await import('./gone.js');").current);
  expect(status).toBe(1);
  expect(stderr).toContain('gone.js');
  expect(stderr).not.toContain('not built');
});

test('NODE_ENV is production unless it is set', () => {
  const program = install('console.log(process.env.NODE_ENV);').current;
  expect(run(program, { NODE_ENV: '' }).stdout).toBe('production\n');
  expect(run(program, { NODE_ENV: 'development' }).stdout).toBe('development\n');
});

test("compiled code is cached in the user's own cache folder", () => {
  const program = install(
    "import { getCompileCacheDir } from 'node:module'; console.log(getCompileCacheDir());",
  );
  const cache = mkdtempSync(join(tmpdir(), 'dayboard-cache-'));
  folders.push(cache);
  expect(run(program.current, { XDG_CACHE_HOME: cache }).stdout).toContain(
    join(cache, 'dayboard', 'compiled'),
  );
});
