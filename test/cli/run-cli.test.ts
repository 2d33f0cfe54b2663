import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import type { ChosenContext } from '../../src/cli/contexts.ts';
import { DayboardError } from '../../src/project/errors.ts';
import { until } from '../support/until.ts';
import { FakeWorkspace } from './fake-workspace.ts';
import { fakeIo } from './support.ts';

async function run(argv: string[], workspace = new FakeWorkspace(), context: Partial<ChosenContext> = {}) {
  const fake = fakeIo();
  const code = await runCli(argv, fake.io, workspace.opened(context));
  return { code, stdout: fake.stdout(), stderr: fake.stderr(), workspace };
}

const COMMANDS = [
  ['demo'],
  ['init'],
  ['sync'],
  ['fetch'],
  ['import'],
  ['refresh'],
  ['check'],
  ['status'],
  ['freshness'],
  ['plan'],
  ['runs'],
  ['runs', 'show'],
  ['runs', 'follow'],
  ['cancel'],
  ['adopt'],
  ['schedule'],
  ['doctor'],
];

describe('help', () => {
  it('of dayboard names every command and the exit codes', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    expect(code).toBe(0);
    for (const [name] of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    expect(stdout).toContain('130 interrupted');
    expect(stderr).toBe('');
  });

  it.each(COMMANDS)('of a command has examples that begin with it: %s %s', async (...words) => {
    const command = words.filter((word) => word !== undefined);
    const { code, stdout } = await run([...command, '--help']);
    expect(code).toBe(0);
    const [, after = ''] = stdout.split('Examples:\n');
    expect(
      after
        .split('\n')
        .filter((line) => line.includes(`dayboard ${command.join(' ')}`) || line.includes(` ${command[0]}`)),
    ).not.toEqual([]);
  });
});

it('help COMMAND is the help of that command', async () => {
  expect((await run(['help', 'sync'])).stdout).toBe((await run(['sync', '--help'])).stdout);
});

describe('a mistake on the command line', () => {
  it.each([
    [['snyc'], /There is no command "snyc". Did you mean "sync"\?/],
    [['audit'], /There is no command "audit". Did you mean "runs audit"\?/],
    [['sync', '--dryrun'], /Unknown option '--dryrun'/],
    [['sync', 'yesterday', 'sso', 'more'], /Too many arguments/],
    [['fetch'], /Missing required argument 'periods'/],
    [['sync', 'yesterday', 'ssso'], /Did you mean "sso"\?/],
    [['sync', 'yestoday'], /is not a day, week, month or year/],
    [['sync', '--concurrency', '0'], /--concurrency must be/],
    [['refresh'], /Nothing is named to refresh/],
    [['runs', '--limit', 'all'], /--limit must be/],
  ])('%s ends with 2 and says what is wrong', async (argv, message) => {
    const { code, stdout, stderr, workspace } = await run(argv);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(workspace.started).toEqual([]);
  });

  it('is JSON on stdout when JSON was asked for', async () => {
    const { code, stdout, stderr } = await run(['sync', 'yesterday', 'ssso', '--json']);
    expect(code).toBe(2);
    expect(stdout.startsWith('{"schema":"dayboard.error/1","code":"usage.dataset"')).toBe(true);
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 2, facts: { dataset: 'ssso' } });
    expect(stderr).toBe('');
  });

  it('shows its stack only to who debugs', async () => {
    const fake = fakeIo({ env: { DAYBOARD_DEBUG: '1' } });
    await runCli(['sync', 'yesterday', 'ssso'], fake.io, new FakeWorkspace().opened());
    expect(fake.stderr()).toMatch(/^ +at /m);
    expect((await run(['sync', 'yesterday', 'ssso'])).stderr).not.toMatch(/^ +at /m);
  });

  it('names commands as they must be typed here', async () => {
    const error = { code: 'x', message: 'No.', next: 'Try `dayboard runs` or `dayboard init`.' };
    const workspace = new FakeWorkspace({
      cancel: async (_, mode) => {
        if (mode === 'now') throw new DayboardError(error);
      },
    });
    const cancel = ['--config', 'tchap-stats', 'cancel', '7'];
    expect((await run(cancel, workspace)).stdout).toContain('`dayboard --config tchap-stats runs follow 7`');
    const { stderr } = await run([...cancel, '--now'], workspace);
    expect(stderr).toContain('Try `dayboard --config tchap-stats runs` or `dayboard init`.');
  });

  it('closes what was opened', async () => {
    const { workspace } = await run(['sync', 'yesterday', 'ssso']);
    expect(workspace.closed).toBe(1);
  });
});

describe('sync', () => {
  it('lists, plans and runs, and says at the end how it went: progress on stderr, the summary on stdout', async () => {
    const { code, stdout, stderr, workspace } = await run([
      'sync',
      '-2',
      'sso',
      '--reprocess',
      'stale,failed',
      '--force',
      'rows',
    ]);
    expect(code).toBe(0);
    expect(workspace).toMatchObject({ listed: 1, closed: 1 });
    expect(workspace.requests).toEqual([
      {
        command: 'sync',
        cells: [{ dataset: 'sso', periods: ['2024-11-13', '2024-11-14'] }],
        reprocess: ['failed', 'stale'],
        names: [],
        concurrency: 3,
        force: ['rows'],
      },
    ]);
    expect(stderr).toContain('2024-11-15T01:00:01Z load sso 2024-11-13: started');
    expect(stdout).toBe(
      '✓ run 12 done in 2.0s\n  deliveries: 2 published, 0 failed, 0 unchanged\n' +
        '  --force rows was not needed: the guard rows would not have stopped what was loaded.\n',
    );
  });

  it('ends with the exit code of the outcome', async () => {
    const workspace = new FakeWorkspace();
    workspace.outcome = { state: 'partly', exitCode: 3 };
    expect((await run(['sync'], workspace)).code).toBe(3);
  });

  it('--json prints events as lines, the outcome last, and nothing else', async () => {
    const { stdout } = await run(['sync', 'yesterday', 'sso', '--json']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.every((line) => line.startsWith('{"schema":"dayboard.event/1"'))).toBe(true);
    const events = lines.map((line) => JSON.parse(line) as { type: string });
    expect(events[0]?.type).toBe('run.started');
    expect(events.at(-1)).toMatchObject({ type: 'run.done', outcome: { state: 'done', exitCode: 0 } });
  });

  it('--dry-run prints the plan, the very one that `plan` prints, and starts nothing', async () => {
    const dry = await run(['sync', 'yesterday', '--dry-run', '--json']);
    const plan = await run(['plan', 'yesterday', '--json']);
    expect(dry.code).toBe(0);
    expect(dry.stdout).toBe(plan.stdout);
    expect(JSON.parse(dry.stdout)).toMatchObject({
      schema: 'dayboard.plan/1',
      cells: [{ dataset: 'visits' }, { dataset: 'sso' }],
    });
    expect(dry.workspace.started).toEqual([]);
    expect((await run(['plan', 'yesterday'])).stdout).toMatch(/import +visits +2024-11-14/);
  });

  it('says so when there is nothing to do, and ends with 0', async () => {
    const workspace = new FakeWorkspace();
    workspace.cells = { action: 'skip', state: 'loaded' };
    const { code, stdout } = await run(['sync', '-3'], workspace);
    expect(code).toBe(0);
    expect(stdout).toBe('Nothing to do: 6 deliveries, 6 loaded.\n');
    expect(workspace.started).toEqual([]);
    const json = await run(['sync', '--json'], workspace);
    expect(JSON.parse(json.stdout)).toMatchObject({
      type: 'run.done',
      outcome: { deliveries: { unchanged: 2 }, exitCode: 0 },
    });
  });

  it('is refused when all there is to do is being done by another run', async () => {
    const workspace = new FakeWorkspace();
    workspace.cells = {
      action: 'skip',
      state: 'running',
      reason: 'Run 11 is at its load step. It is left to that run.',
    };
    const { code, stderr } = await run(['sync'], workspace);
    expect(code).toBe(5);
    expect(stderr).toContain('Run 11 is at its load step');
    expect(stderr).toContain('dayboard runs follow');
  });

  it('tells errors of the core with where and what next, and no stack', async () => {
    const error = new DayboardError({
      code: 'database.credentials',
      message: 'PostgreSQL refused the user or password.',
      facts: { database: 'op@db:5432/stats' },
      next: 'Check DATABASE_URL.',
    });
    const workspace = new FakeWorkspace({ list: () => Promise.reject(error) });
    const { code, stdout, stderr } = await run(['sync'], workspace);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      'error PostgreSQL refused the user or password.\n  database.credentials · database=op@db:5432/stats\n  Check DATABASE_URL.\n',
    );
    expect(workspace.closed).toBe(1);
  });

  it('is refused in production when nobody can be asked, unless --yes says so', async () => {
    const refused = await run(['sync'], new FakeWorkspace(), { name: 'prod', production: true });
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('Nothing was started');
    expect(refused.workspace.started).toEqual([]);
    const yes = await run(['sync', '--yes'], new FakeWorkspace(), { name: 'prod', production: true });
    expect(yes.code).toBe(0);
    const dry = await run(['sync', '--dry-run'], new FakeWorkspace(), { name: 'prod', production: true });
    expect(dry.code).toBe(0);
  });
});

describe('a signal during sync', () => {
  function hanging(options: { cancel?: 'never ends' } = {}) {
    const workspace = new FakeWorkspace();
    workspace.hangs = true;
    workspace.cancelEnds = options.cancel === undefined;
    const fake = fakeIo();
    const code = runCli(['sync'], fake.io, workspace.opened());
    return { workspace, fake, code };
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s cancels now, says so, and ends with 130',
    async (signal) => {
      const { workspace, fake, code } = hanging();
      await until(() => workspace.started.length === 1);
      fake.signal(signal);
      fake.signal(signal);
      expect(await code).toBe(130);
      expect(workspace.cancelled).toEqual(['now']);
      expect(fake.stderr()).toContain('cancelling: what is in flight is rolled back');
      expect(fake.exits).toEqual([]);
    },
  );

  it('that comes again later ends at once, whatever the run does', async () => {
    const { workspace, fake } = hanging({ cancel: 'never ends' });
    await until(() => workspace.started.length === 1);
    fake.signal('SIGINT');
    expect(fake.exits).toEqual([]);
    // Another kind is a second wish, however soon it comes.
    fake.signal('SIGTERM');
    await until(() => fake.exits.length > 0);
    expect(fake.exits).toEqual([130]);
  });

  it('before the run has begun ends at once', async () => {
    const fake = fakeIo();
    const never = new Promise<Map<string, DayboardError>>(() => undefined);
    void runCli(['sync'], fake.io, new FakeWorkspace({ list: () => never }).opened());
    fake.signal('SIGTERM');
    expect(fake.exits).toEqual([130]);
  });
});

describe('other commands', () => {
  it('freshness ends with 4 when a relation is past its error limit or unknown, not for a warning', async () => {
    const status = (verdict: 'pass' | 'warn' | 'error' | 'unknown') => ({
      name: 'visits',
      kind: 'table' as const,
      verdict,
      owed: [],
      why: '',
      reads: [],
      durations: [],
    });
    const codes = await Promise.all(
      (['pass', 'warn', 'error', 'unknown'] as const).map(async (verdict) => {
        const { code } = await run(
          ['freshness'],
          new FakeWorkspace({ freshness: async () => [status(verdict)] }),
        );
        return code;
      }),
    );
    expect(codes).toEqual([0, 0, 4, 4]);
  });

  it('doctor ends with 1 when something fails, and shows each verdict as a word', async () => {
    const workspace = new FakeWorkspace({
      doctor: async function* () {
        yield { verdict: 'pass' as const, subject: 'PostgreSQL', message: 'answers' };
        yield { verdict: 'fail' as const, subject: 'Source s3', message: 'no bucket', next: 'Make it.' };
      },
    });
    const { code, stdout } = await run(['doctor'], workspace);
    expect(code).toBe(1);
    expect(stdout).toMatch(/pass +PostgreSQL: answers\n.*fail +Source s3: no bucket\n +Make it\./);
  });

  it('status shows the board when the source cannot be listed, and says that on stderr', async () => {
    const error = new DayboardError({ code: 'source.unreachable', message: 'S3 does not answer.' });
    const board = {
      project: 'test',
      context: 'default',
      asOf: '2024-11-15T01:00:00Z',
      rows: [],
      derived: [],
      checks: [],
      runs: [],
    };
    const workspace = new FakeWorkspace({
      list: async () => new Map([['files', error]]),
      board: async () => board,
    });
    const { code, stdout, stderr } = await run(['status', '--json'], workspace);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'dayboard.status/1', cells: [] });
    expect(stderr).toContain('S3 does not answer.');
  });

  it('cancel asks for a stop after the step, or now', async () => {
    const asked: string[] = [];
    const workspace = new FakeWorkspace({ cancel: async (id, mode) => void asked.push(`${id} ${mode}`) });
    await run(['cancel', '12'], workspace);
    await run(['cancel', '12', '--now'], workspace);
    expect(asked).toEqual(['12 step', '12 now']);
  });

  it('runs follow ends with the exit code of the run that it followed', async () => {
    const source = new FakeWorkspace();
    source.outcome = { state: 'partly', exitCode: 3 };
    await run(['sync'], source);
    const [plan] = source.started;
    const workspace = new FakeWorkspace({
      run: async () => ({ plan, steps: [], run: {} }) as never,
      follow: async function* () {
        yield {
          schema: 'dayboard.event/1',
          run: '12',
          at: '2024-11-15T01:00:00Z',
          type: 'run.done',
          outcome: {
            state: 'partly',
            exitCode: 3,
            seconds: 1,
            steps: {},
            deliveries: { published: 1, failed: 1, unchanged: 0, cancelled: 0 },
          },
        } as never;
      },
    });
    const { code, stdout } = await run(['runs', 'follow', '12', '--json'], workspace);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'run.done' });
    const gone = await run(
      ['runs', 'follow', '12'],
      new FakeWorkspace({
        run: async () => ({ plan, steps: [], run: {} }) as never,
        follow: async function* () {},
      }),
    );
    expect(gone.code).toBe(130);
    expect(gone.stderr).toContain('its process is gone');
  });
});

describe('check', () => {
  const project = new FakeWorkspace().project;
  const withChecks = (findings: unknown[], verdict: 'pass' | 'warn' | 'fail' | 'unknown') => {
    const check = {
      name: 'months',
      description: '',
      of: [],
      sql: 'SELECT 1',
      severity: 'error' as const,
      timeoutSeconds: 1,
    };
    const workspace = new FakeWorkspace(
      { checks: async () => [{ name: 'months', verdict, findings }] },
      { ...project, checks: [check] },
    );
    return workspace;
  };

  it.each([
    ['pass', 0],
    ['warn', 0],
    ['fail', 4],
    ['unknown', 4],
  ] as const)('that %s ends with %i', async (verdict, code) => {
    expect((await run(['check'], withChecks([{ month: '2024-11-01' }], verdict))).code).toBe(code);
  });

  it('of some days counts what names one of them, their month, or no day', async () => {
    const code = async (finding: object, days: string) =>
      (await run(['check', days], withChecks([finding], 'fail'))).code;
    expect(await code({ day: '2024-11-14', diff: 3 }, '2024-11-14')).toBe(4);
    expect(await code({ day: '2024-11-13', diff: 3 }, '2024-11-14')).toBe(0);
    expect(await code({ month: '2024-11-01' }, '2024-11-14')).toBe(4);
    expect(await code({ month: '2024-10-01' }, '2024-11-14')).toBe(0);
    expect(await code({ diff: 3 }, '2024-11-14')).toBe(4);
    const workspace = withChecks([], 'pass');
    await run(['check', '2024-11-14..2024-11-15', 'months'], workspace);
    expect(workspace.requests[0]).toMatchObject({ names: ['months'], days: ['2024-11-14', '2024-11-15'] });
  });

  it('takes a single name for a name', async () => {
    const workspace = withChecks([], 'pass');
    await run(['check', 'months'], workspace);
    expect(workspace.requests[0]?.names).toEqual(['months']);
    expect((await run(['check', 'monts'], withChecks([], 'pass'))).code).toBe(2);
  });
});
