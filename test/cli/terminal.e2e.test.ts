import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/project/package-root.ts';
import { type Fate, faultProxy } from '../support/fault-proxy.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';
import { openTerminal, type TestTerminal } from '../support/terminal.ts';
import { until } from '../support/until.ts';
import { CONFIG, daysAgo, file, Place, undoLater } from './place.ts';
import '../support/show.ts';

const LAUNCHER = join(packageRoot(), 'bin', 'dayboard.cjs');
const DAY = daysAgo(1);
/** Preloaded into a dayboard: it hears nothing of a hang-up, as one that was started under nohup. */
const DEAF = `
const on = process.on.bind(process);
on('SIGHUP', () => undefined);
process.on = (name, heard) => (name === 'SIGHUP' ? process : on(name, heard));`;
/** Preloaded into a dayboard: tells its process id, and throws where nobody catches it when it gets SIGUSR2. */
const CRASH = `
import { writeFileSync } from 'node:fs';
if (process.argv[1].endsWith('dayboard.cjs')) {
  writeFileSync('pid', String(process.pid));
  process.on('SIGUSR2', () => { throw new Error('thrown by the test'); });
}`;

let place: Place;
let s3: TestS3;
let env: Record<string, string>;
beforeAll(async () => {
  place = await Place.make(CONFIG);
  s3 = await startTestS3();
  place.secrets.push(s3.secretAccessKey);
  env = {
    S3_BUCKET_NAME: s3.bucket,
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
  };
  await s3.put(`visits_${DAY}.csv`, file('a'));
});

let release: () => void = () => undefined;
afterEach(() => {
  release();
  s3.faults = undefined;
});

/** Downloads answer with nothing until the test is over. */
function stick(): void {
  const waiting = new Promise<void>((resolve) => (release = resolve));
  s3.faults = ({ method, key }) =>
    method === 'GET' && key === `visits_${DAY}.csv` ? { kind: 'delay', until: waiting } : undefined;
}

/** Starts the day's import from the palette. Resolves with the run's number when its download waits. */
async function startRun(console: TestTerminal): Promise<string> {
  await console.waitFor(/listed \d+s ago|next run/u);
  console.press(':');
  await console.waitFor('COMMAND');
  console.paste(`sync ${DAY} visits`);
  await console.waitFor(`sync ${DAY} visits`);
  console.press('enter');
  await console.waitFor('same as:');
  console.press('enter');
  const shown = await console.waitFor(/runs › (\d+) sync[^]*▶ running[^]*▶ fetch/u);
  return /runs › (\d+)/u.exec(shown.join('\n'))?.[1] ?? '';
}

function preloaded(code: string): Record<string, string> {
  if (code === '') return {};
  place.write('preloaded.mjs', code);
  return { NODE_OPTIONS: `--import=${pathToFileURL(join(place.directory, 'preloaded.mjs')).href}` };
}

/** What dayboard still has open at the server. */
function sessions(): Promise<object[]> {
  return place.query(
    `SELECT application_name, state FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'dayboard %'`,
  );
}

async function stateOf(run: string): Promise<string> {
  const [found] = await place.query<{ state: string }>(`SELECT state FROM dayboard.run WHERE id = ${run}`);
  return found?.state ?? '';
}

describe('the terminal is given back', () => {
  const settings = () => readFileSync(join(place.directory, 'tty'), 'utf8');
  const pid = () => Number(readFileSync(join(place.directory, 'pid'), 'utf8'));

  it.each([
    ['an exception that nobody catches', 'SIGUSR2', 1],
    ['kill', 'SIGTERM', 130],
    ['a hang-up', 'SIGHUP', 130],
  ] as const)('after %s', async (_name, signal, code) => {
    place.write('crash.mjs', CRASH);
    const preload = pathToFileURL(join(place.directory, 'crash.mjs')).href;
    const shell = openTerminal({
      command: 'bash',
      args: ['--norc', '-i'],
      cols: 100,
      rows: 30,
      cwd: place.directory,
      env: { ...place.env, PS1: '$ ', NODE_OPTIONS: `--import=${preload}` },
    });
    undoLater(async () => shell.kill('SIGKILL'));
    shell.type(`'${process.execPath}' '${LAUNCHER}' --mouse\r`);
    await expect(shell).toShow('no_robots');
    await until(() => shell.leftOn().includes('mouse reports'));
    expect(shell.leftOn()).toContain('alternate screen');
    process.kill(pid(), signal);
    // What is typed before the prompt is there may be read by nobody.
    await shell.waitFor((lines) => lines.filter((line) => line.startsWith('$')).length === 2);
    shell.type('echo "ended: $?"; stty -a > tty; echo look"ed"\r');
    const shown = await shell.waitFor('looked');
    expect(shown.join('\n')).toContain(`ended: ${code}`);
    expect(shown.join('\n')).not.toContain('no_robots');
    expect(shell.leftOn().filter((mode) => mode !== 'bracketed paste')).toEqual([]);
    expect(settings()).toMatch(/\bisig icanon\b/u);
    expect(settings()).toMatch(/ echo /u);
    rmSync(join(place.directory, 'tty'));
  });

  it.each([
    ['is hung up', ''],
    ['is gone without a word', DEAF],
  ])('or %s: what runs in a console is cancelled, and nothing of it is left', async (_name, preload) => {
    stick();
    const console = place.terminal([], { ...env, ...preloaded(preload) });
    const run = await startRun(console);
    console.close();
    // It ends by its own will: a write into the void is no crash.
    expect(await console.exit).toMatchObject({ code: 130 });
    expect(await stateOf(run)).toBe('cancelled');
    expect(await sessions()).toEqual([]);
  });

  it('or is hung up: what a command runs is cancelled', async () => {
    stick();
    const command = place.terminal(['sync', DAY, 'visits', '--yes'], env);
    await command.waitFor(/fetch/u);
    await until(async () => (await sessions()).length > 0);
    command.close();
    expect(await command.exit).toMatchObject({ code: 130 });
    const [last] = await place.query<{ state: string }>(
      'SELECT state FROM dayboard.run ORDER BY id DESC LIMIT 1',
    );
    expect(last?.state).toBe('cancelled');
    expect(await sessions()).toEqual([]);
  });
});

describe('two consoles', () => {
  it('the second sees what the first runs, follows it and cancels it', async () => {
    stick();
    const first = place.terminal([], env);
    const second = place.terminal([], env);
    await expect(second).toShow('no_robots');
    const run = await startRun(first);
    await expect(second).toShow(`run ${run}: 0/`);
    second.press('2');
    await expect(second).toShow(new RegExp(`STARTED[^]*▶ running +${run} `, 'u'));
    second.press('enter');
    await expect(second).toShow(new RegExp(`runs › ${run} sync[^]*▶ running[^]*▶ fetch`, 'u'));
    second.press('X');
    await expect(second).toShow(`CANCEL run ${run} now?`);
    second.press('enter');
    // In capitals it is told once the ledger has it.
    await expect(first).toShow(`Run ${run} was cancelled`);
    await expect(second).toShow(`run ${run} was cancelled`);
    expect(await stateOf(run)).toBe('cancelled');
  });
});

it('DAYBOARD_NOTIFY is run with how a run ended as its one argument, when one looks elsewhere', async () => {
  place.write('told.sh', '#!/bin/sh\nprintf "%s|" "$#" "$1" "$PWD" > told.part && mv told.part told\n');
  execFileSync('chmod', ['+x', join(place.directory, 'told.sh')]);
  const console = place.terminal([], { ...env, DAYBOARD_NOTIFY: join(place.directory, 'told.sh') });
  stick();
  const run = await startRun(console);
  console.type('\u001b[O');
  release();
  const told = await until(() => {
    try {
      return readFileSync(join(place.directory, 'told'), 'utf8');
    } catch {
      return undefined;
    }
  });
  expect(told).toMatch(new RegExp(`^1\\|run ${run} is done in .*\\|${place.directory}\\|$`, 'u'));
  console.press('q');
  await console.exit;
});

/** A step that failed, as a run would write it; nobody is told. */
async function failElsewhere(dataset: string, day: string): Promise<void> {
  await place.query(
    `WITH elsewhere AS (
       INSERT INTO dayboard.run (project, context, command, cli, plan, state, finished_at, by_user, host, pid)
       VALUES ('site', 'default', 'sync', 'dayboard sync', '{"steps":[]}', 'failed', now(), 'cron', 'db-1', 1) RETURNING id)
     INSERT INTO dayboard.step (run, seq, project, kind, target, period, state, started_at, finished_at, error)
     SELECT id, 1, 'site', 'load', '${dataset}', '${day}', 'failed', now(), now(), '{"code":"x","message":"untold","facts":{}}'
       FROM elsewhere`,
  );
}

describe('a connection', () => {
  it('that is lost leaves the board with its age, and every key answers; it comes back by itself', async () => {
    let down: Fate = 'pass';
    await using proxy = await faultProxy(place.database.url, () => down);
    const console = place.terminal([], { DATABASE_URL: proxy.url });
    await expect(console).toShow('no_robots');
    down = 'cut all';
    console.press('r');
    await expect(console).toShow(/connection lost \d+s ago, (next try in \ds|trying now); this is as of/u);
    await expect(console).toShow('visits');
    console.press('?');
    await expect(console).toShow('KEYS');
    console.press('esc');
    await console.waitFor((lines) => !lines.join('\n').includes('KEYS'));
    console.press('i');
    await expect(console).toShow('the connection is lost');
    // The second try waits longer than the first.
    await expect(console).toShow(/connection lost \d+s ago, next try in 2s/u);
    down = 'pass';
    await console.waitFor((lines) => !lines.join('\n').includes('connection lost'));
    console.press('q');
    expect((await console.exit).code).toBe(0);
  });

  it('that carries no notifications still shows within seconds what happened elsewhere', async () => {
    const console = place.terminal([]);
    await expect(console).toShow('no_robots');
    await console.waitFor(/next run/u);
    await failElsewhere('sso', DAY);
    await expect(console).toShow('1 failed');
    // The first may have come with the listing's end; nothing but looking again brings the second.
    await failElsewhere('visits', DAY);
    await expect(console).toShow('2 failed');
    console.press('q');
    await console.exit;
  });
});
