import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/plan/events.ts';
import type { ScriptRequest } from '../../src/run/ready-script.ts';
import type { RunHandle, Workspace } from '../../src/run/workspace.ts';
import { aProject } from '../support/definitions.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { openTestWorkspace } from '../support/workspace.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dayboard-test-script-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let database: TestDatabase;
beforeEach(async () => {
  database = await createLedgerDatabase();
  await query('CREATE TABLE public.t (id int, day date)');
  return () => database.drop();
});

async function query<Row extends object>(sql: string): Promise<Row[]> {
  const client = await database.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

interface Ran {
  output: string;
  events: RunEvent[];
  handle: RunHandle;
}

const open = (readOnly = false) =>
  openTestWorkspace({
    project: aProject(),
    env: { DATABASE_URL: database.url },
    cacheDirectory: join(folder, 'cache'),
    readOnly,
  });

const requestOf = async (text: string, changes: Partial<ScriptRequest> = {}): Promise<ScriptRequest> => {
  await writeFile(join(folder, 'script.sql'), text);
  return {
    script: 'script.sql',
    directory: folder,
    root: folder,
    variables: [],
    singleTransaction: false,
    onError: 'stop',
    ...changes,
  };
};

/** Starts a script; what it writes is gathered. */
async function start(workspace: Workspace, request: ScriptRequest): Promise<Ran> {
  const ran = { output: '', events: [] as RunEvent[] };
  const streams = {
    stdin: async function* () {},
    stdout: (data: string | Buffer) => void (ran.output += data.toString()),
    stderr: (text: string) => void (ran.output += text),
  };
  const plan = await workspace.planScript(request);
  const handle = await workspace.startScript(plan, request, streams, (event) => ran.events.push(event));
  return Object.assign(ran, { handle });
}

async function run(text: string, changes: Partial<ScriptRequest> = {}, readOnly = false) {
  await using test = await open(readOnly);
  const ran = await start(test.workspace, await requestOf(text, changes));
  const outcome = await ran.handle.done;
  const detail = readOnly ? undefined : await test.workspace.run(ran.handle.id);
  return { ...ran, outcome, detail };
}

/** Starts a script, and gives it back when it waits for the lock 7, which `holder` has. */
async function held(workspace: Workspace, request: ScriptRequest) {
  const holder = await database.connect();
  await holder.query('SELECT pg_advisory_lock(7)');
  const ran = await start(workspace, request);
  await until(async () => {
    const waiting = await query(
      `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return waiting.length > 0;
  });
  return { holder, handle: ran.handle, ran };
}

const errorOf = (events: readonly RunEvent[]) => events.find((event) => event.type === 'step.failed')?.error;

describe('a script', () => {
  it('is a run with its hash, its variables and its output, from which secrets are taken', async () => {
    const { output, outcome, detail, events } = await run(
      `\\set ECHO queries\nINSERT INTO t VALUES (1, :'day');\nDO $$ BEGIN RAISE NOTICE 'batch 1'; END $$;\nSELECT :'api_key' AS k;`,
      {
        variables: [
          ['day', '2024-11-14'],
          ['api_key', 'hunter22'],
        ],
      },
    );
    expect(outcome).toMatchObject({ state: 'done', exitCode: 0 });
    expect(output).toContain('hunter22');
    expect(detail).toMatchObject({
      run: {
        command: 'script',
        by: 'ann',
        cli: "dayboard script script.sql -v day=2024-11-14 -v 'api_key=***'",
      },
      steps: [{ kind: 'script', target: 'script.sql', state: 'done' }],
      script: {
        script: 'script.sql',
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        variables: { day: '2024-11-14', api_key: '***' },
        exitCode: 0,
        outputBytes: Buffer.byteLength(output),
      },
    });
    expect(detail?.script?.output).toBe(output.replaceAll('hunter22', '***'));
    const notes = events.flatMap((event) => (event.type === 'step.note' ? [event.message] : []));
    expect(notes).toEqual(['psql:script.sql:3: NOTICE:  batch 1']);
    const kept = await query<{ all: string }>(
      'SELECT string_agg(t::text, $$ $$) AS all FROM (SELECT row_to_json(e) AS t FROM dayboard.event e UNION ALL SELECT row_to_json(r) FROM dayboard.run r UNION ALL SELECT row_to_json(s) FROM dayboard.script s) t',
    );
    expect(kept[0]?.all).not.toContain('hunter22');
  });

  it('stops at the first error, says where, and keeps what was committed before', async () => {
    const { outcome, events, detail } = await run(
      'INSERT INTO t VALUES (1);\nselec 2;\nINSERT INTO t VALUES (3);',
    );
    expect(outcome).toMatchObject({ state: 'failed', exitCode: 1 });
    expect(errorOf(events)).toMatchObject({
      code: 'script.failed',
      message: expect.stringMatching(
        /^script\.sql:2: syntax error .* What was committed before that line stays/,
      ),
      facts: { file: 'script.sql', line: 2, sqlState: '42601' },
    });
    expect(detail?.script).toMatchObject({
      exitCode: 3,
      output: expect.stringContaining('ERROR:  syntax error'),
    });
    expect(await query('SELECT id FROM t')).toEqual([{ id: 1 }]);
  });

  it('leaves nothing of itself with -1, and goes on after errors when it is told to', async () => {
    await run('INSERT INTO t VALUES (1);\nselec 2;', { singleTransaction: true });
    expect(await query('SELECT id FROM t')).toEqual([]);
    const { outcome, events } = await run('selec 1;\nINSERT INTO t VALUES (2);\nselec 3;', {
      onError: 'continue',
    });
    expect(outcome.exitCode).toBe(1);
    expect(errorOf(events)?.message).toContain('The rest was run; 2 errors in all.');
    expect(await query('SELECT id FROM t')).toEqual([{ id: 2 }]);
  });

  it('that goes on by itself after an error says that the rest was run', async () => {
    const { outcome, events } = await run('\\set ON_ERROR_STOP off\nselec 1;\nINSERT INTO t VALUES (2);');
    expect(outcome.exitCode).toBe(1);
    expect(errorOf(events)?.message).toMatch(/^script\.sql:2: .* The rest was run\.$/);
    expect(await query('SELECT id FROM t')).toEqual([{ id: 2 }]);
  });

  it('tells how far a file is copied', async () => {
    const rows = Array.from({ length: 200_000 }, (_, at) => `${at},2024-11-14\n`).join('');
    await writeFile(join(folder, 'data.csv'), rows);
    const { events, outcome } = await run("\\copy t FROM 'data.csv' CSV");
    expect(outcome.state).toBe('done');
    const told = events.flatMap((event) => (event.type === 'step.progress' ? [event] : []));
    expect(told[0]?.phase).toBe('script.sql:1 statement 1: COPY t FROM STDIN CSV');
    expect(events.find((event) => event.type === 'step.done')).toMatchObject({ rows: 200_000 });
  });

  it('is cancelled at the server, whoever asks for it, and begins no other statement', async () => {
    await using test = await open();
    const request = await requestOf('SELECT pg_sleep(600);\nINSERT INTO t VALUES (1);', {
      onError: 'continue',
    });
    const { handle, events } = await start(test.workspace, request);
    await until(async () => {
      const busy = await query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%' AND state = 'active'`,
      );
      return busy.length > 0;
    });
    await using other = await open();
    await other.workspace.cancel(handle.id, 'now');
    expect(await handle.done).toMatchObject({ state: 'cancelled', exitCode: 130 });
    expect(events.at(-1)?.type).toBe('run.done');
    expect(await query('SELECT id FROM t')).toEqual([]);
  });

  it.each([
    {
      how: 'what was committed stays',
      text: 'INSERT INTO t VALUES (1);\nSELECT pg_advisory_xact_lock(7);\n\\echo more\nINSERT INTO t VALUES (2);',
      told: 'Stopped before script.sql:3, as asked. What was committed before that stays; nothing after it was run.',
      left: [{ id: 1 }],
    },
    {
      how: 'its open transaction is rolled back',
      text: 'INSERT INTO t VALUES (1);\nBEGIN;\nINSERT INTO t VALUES (2);\nSELECT pg_advisory_xact_lock(7);\nCOMMIT;',
      told: 'Stopped before script.sql:5, as asked. The transaction that began at script.sql:2 was rolled back; what was committed before it stays.',
      left: [{ id: 1 }],
    },
    {
      how: 'with -1 everything is rolled back',
      text: 'INSERT INTO t VALUES (1);\nSELECT pg_advisory_xact_lock(7);\nINSERT INTO t VALUES (2);',
      changes: { singleTransaction: true },
      told: 'Stopped before script.sql:3, as asked. Everything was rolled back.',
      left: [],
    },
  ])('stops after the statement at work when asked to, and $how', async ({ text, changes, told, left }) => {
    await using test = await open();
    const { holder, handle, ran } = await held(test.workspace, await requestOf(text, changes));
    await using other = await open();
    await other.workspace.cancel(handle.id, 'step');
    await until(() => ran.events.some(({ type }) => type === 'run.cancelling'));
    await holder.end();
    expect(await handle.done).toMatchObject({ state: 'cancelled', exitCode: 130 });
    expect(ran.output).toContain(`${told}\n`);
    expect(ran.output).not.toContain('more');
    expect(ran.events).toContainEqual(expect.objectContaining({ type: 'step.note', message: told }));
    const detail = await test.workspace.run(handle.id);
    expect(detail.run.state).toBe('cancelled');
    expect(detail.script?.output).toContain(told);
    expect(await query('SELECT id FROM t')).toEqual(left);
  });

  it('is done when it was asked to stop during its last statement', async () => {
    await using test = await open();
    const request = await requestOf('SELECT pg_advisory_xact_lock(7);\n\n-- the end\n');
    const { holder, handle } = await held(test.workspace, request);
    await handle.cancel('step');
    await holder.end();
    expect(await handle.done).toMatchObject({ state: 'done', exitCode: 0 });
  });

  it('says what it was at when it is cancelled in a transaction', async () => {
    await using test = await open();
    const text = 'BEGIN;\nINSERT INTO t VALUES (1);\nSELECT pg_advisory_xact_lock(7);\nCOMMIT;';
    const { holder, handle, ran } = await held(test.workspace, await requestOf(text));
    await handle.cancel('now');
    expect(await handle.done).toMatchObject({ state: 'cancelled', exitCode: 130 });
    expect(ran.output).toContain(
      'script.sql:3 was ended, as asked. The transaction that began at script.sql:1 was rolled back; what was committed before it stays.',
    );
    await holder.end();
    expect(await query('SELECT id FROM t')).toEqual([]);
  });

  it('is refused when it changed after it was planned, and keeps to its timeouts and its folder', async () => {
    await using test = await open();
    const request = await requestOf('SELECT 1;');
    const plan = await test.workspace.planScript(request);
    await requestOf('DROP TABLE t;');
    const streams = { stdin: async function* () {}, stdout: () => undefined, stderr: () => undefined };
    await expect(test.workspace.startScript(plan, request, streams)).rejects.toMatchObject({
      code: 'plan.out-of-date',
      kind: 'refused',
    });
    const late = await run('SELECT pg_sleep(600);', { statementTimeout: '10ms' });
    expect(errorOf(late.events)?.facts).toMatchObject({ sqlState: '57014' });
    const outside = await run('\\copy t TO ../out.csv');
    expect(errorOf(outside.events)?.message).toContain('lies outside of');
  });
});

describe('a script in a read-only context', () => {
  it('reads, and is not recorded', async () => {
    const { output, outcome } = await run('SELECT count(*) FROM t;', { onError: 'continue' }, true);
    expect(outcome.state).toBe('done');
    expect(output).toContain('(1 row)');
    expect(await query('SELECT FROM dayboard.run')).toEqual([]);
  });

  it('is refused before it begins when it would write', async () => {
    await expect(run('SELECT 1;\nDELETE FROM t;', {}, true)).rejects.toMatchObject({
      code: 'script.refused',
      kind: 'refused',
      message: expect.stringContaining('script.sql:2: DELETE FROM t: it writes'),
    });
  });

  it.each([
    ['a block', `DO $$ BEGIN INSERT INTO t VALUES (1); END $$;`],
    [
      'a block that lifts it',
      `DO $$ BEGIN SET LOCAL transaction_read_only = off; INSERT INTO t VALUES (1); END $$;`,
    ],
    [
      'a function that lifts it',
      `SELECT set_config('transaction_read_only', 'off', false);\nDO $$ BEGIN INSERT INTO t VALUES (1); END $$;`,
    ],
    ['a statement that another makes', `SELECT 'INSERT INTO t VALUES (1)' \\gexec`],
    [
      'a commit that a variable hides',
      `\\getenv nothing NOTHING\nSELECT 'COMMIT' AS c \\gset\n:c;\nSELECT 'INSERT INTO t VALUES (1)' \\gexec`,
    ],
    ['a commit within a block', `DO $$ BEGIN COMMIT; INSERT INTO t VALUES (1); END $$;`],
    [
      'a commit after another statement',
      `SELECT 'SELECT 1 \\; COMMIT' AS c \\gset\n:c;\nSELECT 'INSERT INTO t VALUES (1)' \\gexec`,
    ],
  ])('writes nothing by %s', async (_, text) => {
    const { outcome } = await run(text, { onError: 'continue' }, true);
    expect(outcome.state).toBe('failed');
    expect(await query('SELECT FROM t')).toEqual([]);
  });
});

describe('a script of the project', () => {
  const project = () =>
    aProject({ scripts: [{ name: 'count_day', description: '', file: join(folder, 'count_day.sql') }] });
  const header =
    '-- description: Rows of a day\n-- param day date = yesterday  Which day\n-- param who text secret  Whose\n-- param most integer = 10\n';
  const started = async (variables: Array<[string, string]>) => {
    await writeFile(
      join(folder, 'count_day.sql'),
      `${header}SELECT :'day' AS day, :'who' AS who, :most AS most;`,
    );
    const test = await openTestWorkspace({
      project: project(),
      env: { DATABASE_URL: database.url },
      cacheDirectory: join(folder, 'cache'),
      now: () => '2024-11-15T08:00:00Z',
    });
    const request = await requestOf('', { script: 'count_day', variables });
    return { test, ran: start(test.workspace, request) };
  };

  it('is run by its name with its defaults, its days as dates, and its secrets kept nowhere', async () => {
    const { test, ran } = await started([['who', 'camille']]);
    const waiting = await ran;
    const { handle } = waiting;
    expect(await handle.done).toMatchObject({ state: 'done' });
    expect(waiting.output).toMatch(/2024-11-14 \| camille \| +10/);
    const { script, run: known } = await test.workspace.run(handle.id);
    expect(script).toMatchObject({
      script: 'count_day',
      variables: { day: '2024-11-14', who: '***', most: '10' },
      output: expect.not.stringContaining('camille'),
    });
    expect(known.cli).toBe("dayboard script count_day -v 'who=***' -v day=2024-11-14 -v most=10");
    expect(await test.workspace.scripts()).toMatchObject([
      {
        name: 'count_day',
        description: 'Rows of a day',
        parameters: [
          { name: 'day', type: 'date', default: 'yesterday', description: 'Which day' },
          { name: 'who', type: 'text', secret: true },
          { name: 'most', type: 'integer', default: '10' },
        ],
        lastRun: { id: handle.id, state: 'done', by: 'ann' },
        seconds: [expect.any(Number)],
      },
    ]);
    await test[Symbol.asyncDispose]();
  });

  it.each([
    [[], 'The script needs who (text): Whose.'],
    [
      [
        ['who', 'x'],
        ['day', '2024-02-30'],
      ],
      'day is "2024-02-30", and must be a day',
    ],
    [
      [
        ['who', 'x'],
        ['most', 'many'],
      ],
      'most is "many", and must be a whole number',
    ],
  ] as Array<[Array<[string, string]>, string]>)('is not run with %j', async (variables, message) => {
    const { test, ran } = await started(variables);
    await expect(ran).rejects.toMatchObject({
      code: 'script.parameter',
      kind: 'usage',
      message: expect.stringContaining(message),
    });
    await test[Symbol.asyncDispose]();
  });
});
