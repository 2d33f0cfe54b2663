import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/project/package-root.ts';
import { openTerminal, type TestTerminal } from '../support/terminal.ts';
import { CONFIG, Place } from './place.ts';
import '../support/show.ts';

let place: Place;
let path: string;

beforeAll(async () => {
  place = await Place.make(CONFIG);
  const launcher = join(place.directory, 'dayboard');
  writeFileSync(launcher, `#!/bin/sh\nexec '${process.execPath}' '${packageRoot()}/bin/dayboard.cjs' "$@"\n`);
  chmodSync(launcher, 0o755);
  path = `${place.directory}:${process.env.PATH}`;
});

/** What `dayboard complete` says can stand at the last word. */
async function words(...typed: string[]): Promise<string[]> {
  const { stdout } = await place.run(['complete', '--', ...typed]);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));
}

describe('what can stand where one is typing', () => {
  it('are commands, and what they do beside them', async () => {
    expect(await words('')).toEqual(expect.arrayContaining(['sync', 'status', 'runs', 'completion']));
    expect(await words('')).not.toContain('complete');
    expect(await words('sy')).toEqual(['sync']);
    expect(await words('runs', '')).toEqual(expect.arrayContaining(['show', 'follow']));
    const { stdout } = await place.run(['complete', '--', 'sy']);
    expect(stdout).toMatch(/^sync\t\S/u);
  });

  it('are options of the command and of all commands', async () => {
    const found = await words('sync', '--');
    expect(found).toEqual(expect.arrayContaining(['--dry-run', '--reprocess', '--context', '--config']));
    expect(await words('sync', 'yesterday', '--reprocess', 'm')).toEqual(['missing']);
  });

  it('are periods where one is taken, also the end of a range', async () => {
    expect(await words('sync', 'y')).toEqual(['yesterday']);
    const days = await words('sync', '20');
    expect(days).toHaveLength(14);
    expect(await words('sync', `2024-01-01..${days[0]?.slice(0, 9)}`)).toContain(`2024-01-01..${days[0]}`);
  });

  it('are datasets of the definition, with commas where several are taken, none twice', async () => {
    const all = await words('sync', '-3', '');
    expect(all.length).toBeGreaterThan(0);
    const [first = ''] = all;
    const more = await words('sync', '-3', `${first},`);
    expect(more).not.toContain(`${first},${first}`);
    for (const each of more) expect(each.startsWith(`${first},`)).toBe(true);
    expect(await words('diff', 'yesterday', first.slice(0, 2))).toContain(first);
  });

  it('are datasets and views by name for what takes either', async () => {
    const [dataset = ''] = await words('undo', 'yesterday', '');
    expect(await words('freshness', '')).toContain(dataset);
    expect(await words('--config', 'tchap-stats', 'refresh', '')).toContain('user_monthly_visits_lite');
  });

  it('are contexts, systems and shells', async () => {
    expect(await words('--context', '')).toContain('default');
    expect(await words('--config', 'tch')).toEqual(['tchap-stats']);
    expect(await words('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('is nothing where the definition cannot be read, and no error', async () => {
    const ended = await place.run(['complete', '--', '--config', 'no-such-file.ts', 'sync', 'yesterday', '']);
    expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

it('is refused for another shell', async () => {
  const ended = await place.run(['completion', 'ksh']);
  expect(ended).toMatchObject({ code: 2 });
  expect(ended.stderr).toContain('bash, zsh, fish');
});

const SHELLS: Record<string, { args: string[]; load: string }> = {
  bash: { args: ['--norc', '--noprofile', '-i'], load: 'eval "$(dayboard completion bash)"' },
  zsh: {
    args: ['-f', '-i'],
    load: 'autoload -U compinit; compinit -u -D; eval "$(dayboard completion zsh)"',
  },
  fish: { args: ['--no-config', '-i'], load: 'dayboard completion fish | source' },
};

describe.each(Object.entries(SHELLS))('in a real %s', (shell, { args, load }) => {
  const missing = spawnSync(shell, ['-c', 'true']).status !== 0;

  async function open(): Promise<TestTerminal> {
    const terminal = openTerminal({
      command: shell,
      args,
      cols: 160,
      rows: 30,
      cwd: place.directory,
      env: { ...place.env, PATH: path, PS1: '$ ', HISTFILE: '/dev/null', TERM: 'xterm' },
    });
    terminal.type(`${load}; echo load''ed\r`);
    await expect(terminal).toShow(/^loaded/mu);
    return terminal;
  }

  it.skipIf(missing)('completes a command, a period and a context', async () => {
    const terminal = await open();
    try {
      // No word of the line that loaded the completion: that still stands on the screen.
      terminal.type('dayboard fres\t');
      await expect(terminal).toShow(/dayboard freshness/u);
      terminal.type('\u0015dayboard sync yes\t');
      await expect(terminal).toShow(/dayboard sync yesterday/u);
      terminal.type('\u0015dayboard --context def\t');
      await expect(terminal).toShow(/dayboard --context default/u);
    } finally {
      terminal.kill('SIGKILL');
      await terminal.exit;
    }
  });
});
