import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ACTIONS } from '../../src/actions/list.ts';
import { commandNames } from '../../src/cli/run-cli.ts';
import type { Workspace } from '../../src/run/workspace.ts';
import { aProject } from '../support/definitions.ts';
import { openTestWorkspace, requestOf } from '../support/workspace.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { CONFIG, daysAgo, file, Place } from '../cli/place.ts';

const DAY = daysAgo(1);
const SOURCE = 'APP_URL';

/** With everything that a command can be about: a source database to clean up and to copy, an aggregate, scripts. */
const EVERYTHING = CONFIG.replace('  name,\n  key:', "  name,\n  source: 'files',\n  key:")
  .replace(
    "{ kind: 'directory', path: 'deliveries' } },",
    `{ kind: 'directory', path: 'deliveries' }, app: { kind: 'postgres', urlVariable: '${SOURCE}' } },
  copies: [{ name: 'application', source: 'app', exclude: ['buffer', 'visits', 'sso', 'events', 'pushers', 'visits_by_week'], never: { named: ['nowhere'] } }],
  scripts: [{ name: 'pwn', file: 'pwn.sql' }],
  aggregates: [{
    name: 'visits_by_week', period: 'week', over: { name: 'visits', column: 'day' }, column: 'week', key: ['week'],
    table: { columns: { week: 'date', visits: 'bigint' } },
    sql: 'SELECT week, count(*) AS visits FROM unnest(:periods) AS week JOIN visits v ON v.day >= week AND v.day < week + 7 WHERE v.day >= :from AND v.day < :to GROUP BY week',
  }],`,
  )
  .replace(
    "dataset('sso'),",
    `dataset('sso'),
    {
      name: 'events', source: 'app', carries: { kind: 'period' as const, column: 'day', key: ['id'], absent: 'kept' as const },
      select: { from: 'buffer', time: 'at', id: 'id', cleanup: true },
      file: ['id', 'at'],
      table: { columns: { id: 'integer', at: 'timestamptz', day: { type: 'date', value: { kind: 'dayOf' as const, column: 'at' } } } },
    },`,
  );

let place: Place;
let source: TestDatabase;

beforeAll(async () => {
  place = await Place.make(EVERYTHING);
  source = await createTestDatabase();
  place.env[SOURCE] = source.url;
  const client = await source.connect();
  await client.query(
    `CREATE TABLE buffer (id serial, at timestamptz); INSERT INTO buffer (at) VALUES ('${DAY} 12:00+00');
     CREATE TABLE users (id integer PRIMARY KEY); INSERT INTO users VALUES (1)`,
  );
  await client.end();
  // Programs that are new enough for a copy: it is refused for the context alone.
  for (const program of ['pg_dump', 'pg_restore']) {
    place.write(`bin/${program}`, `#!/bin/sh\necho '${program} (PostgreSQL) 99'\n`);
    chmodSync(join(place.directory, 'bin', program), 0o755);
  }
  place.env['PATH'] = `${join(place.directory, 'bin')}:${process.env['PATH'] ?? ''}`;
  // What is there and is to be taken over, or has still to be made.
  await place.query('CREATE TABLE sso (id text NOT NULL, day date NOT NULL)');
  place.write('pwn.sql', PWN);
  place.deliver(`visits_${DAY}.csv`, file('a'));
  const { code, stderr } = await place.run(['sync', DAY, 'visits,events']);
  if (code !== 0) throw new Error(stderr);
  place.deliver(`visits_${DAY}.csv`, file('a', 'b'));
  place.deliver(`sso_${DAY}.csv`, file('x'));
  place.write('user-config/dayboard/config.json', JSON.stringify({ contexts: { look: { readOnly: true } } }));
});

/** Everything that is in the two databases: relations, and the rows of each, statistics and locks left out. */
async function everything(): Promise<string[]> {
  return [...(await everythingOf(place.database)), ...(await everythingOf(source))];
}

async function everythingOf(database: TestDatabase): Promise<string[]> {
  const client = await database.connect();
  const relations = await client.query<{ name: string; kind: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname !~ '^(pg_|information_schema)' ORDER BY 1`,
  );
  const found: string[] = [];
  for (const { name, kind } of relations.rows) {
    found.push(`${kind} ${name}`);
    if (!['r', 'm', 'v', 'S'].includes(kind)) continue;
    const rows = await client.query<{ row: string }>(
      `SELECT ${kind === 'S' ? 'last_value' : 'to_jsonb(t)'}::text AS row FROM ${name} t ORDER BY 1`,
    );
    found.push(...rows.rows.map(({ row }) => row));
  }
  await client.end();
  return found;
}

/** What each command is, and lines of it: those of one that writes are refused, and else would change something. */
const COMMANDS: Record<string, { writes: boolean; lines: string[][] }> = {
  demo: { writes: false, lines: [] },
  init: { writes: false, lines: [] },
  completion: { writes: false, lines: [] },
  complete: { writes: false, lines: [] },
  script: {
    writes: true,
    lines: [
      ['script', 'pwn'],
      ['script', 'pwn', '--dry-run'],
    ],
  },
  schedule: { writes: true, lines: [['schedule']] },
  fetch: { writes: true, lines: [['fetch', DAY]] },
  import: { writes: true, lines: [['import', DAY, 'sso']] },
  sync: {
    writes: true,
    lines: [['sync', DAY, 'visits', '--reprocess', 'all', '--force', 'rows,loss', '--yes'], ['sync']],
  },
  diff: { writes: true, lines: [['diff', DAY, 'visits']] },
  undo: { writes: true, lines: [['undo', DAY, 'visits', '--yes']] },
  cleanup: { writes: true, lines: [['cleanup', 'events', '--yes']] },
  copy: {
    writes: true,
    lines: [
      ['copy', '--yes'],
      ['copy', 'application', '--yes'],
    ],
  },
  refresh: {
    writes: true,
    lines: [['refresh', 'visits_per_day,visits_by_week']],
  },
  check: { writes: true, lines: [['check']] },
  prepare: { writes: true, lines: [['prepare'], ['prepare', '--dry-run']] },
  adopt: {
    writes: true,
    lines: [
      ['adopt', 'sso', '--yes'],
      ['adopt', 'sso', '--back', '--yes'],
    ],
  },
  cancel: { writes: true, lines: [['cancel', '1', '--now']] },
  status: { writes: false, lines: [['status']] },
  freshness: { writes: false, lines: [['freshness']] },
  sizes: { writes: false, lines: [['sizes']] },
  plan: { writes: false, lines: [['plan', DAY]] },
  runs: { writes: false, lines: [['runs'], ['runs', 'show', '1'], ['runs', 'follow', '1']] },
  doctor: { writes: false, lines: [['doctor']] },
};

const REFUSED = /context\.read-only|it writes/;

const PWN = 'CREATE TABLE pwned (); DELETE FROM visits;';

/** Scripts that try to leave the read-only transaction before they write. */
const SCRIPTS = {
  plain: PWN,
  settings: `SET default_transaction_read_only = off; SET transaction_read_only = off; ${PWN}`,
  first: `SET TRANSACTION READ WRITE; ${PWN}`,
  session: `SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; COMMIT; BEGIN; ${PWN}`,
  ended: `COMMIT; BEGIN READ WRITE; ${PWN} COMMIT;`,
  chained: `ROLLBACK AND CHAIN; ${PWN}`,
  called: `SELECT set_config('transaction_read_only', 'off', false), set_config('default_transaction_read_only', 'off', false); ${PWN}`,
  block: `DO $$ BEGIN PERFORM set_config('transaction_read_only', 'off', false); COMMIT; DELETE FROM visits; END $$;`,
  generated: `SELECT 'COMMIT' UNION ALL SELECT 'DELETE FROM visits' \\gexec\n`,
  variable: `\\set x 'COMMIT; DELETE FROM visits'\n:x;\n`,
  bound: `DELETE FROM visits WHERE id = $1 \\bind a \\g\n`,
  combined: `COMMIT\\; BEGIN READ WRITE\\; DELETE FROM visits\\; COMMIT;\n`,
  connected: `\\c\n${PWN}`,
  copied: `\\copy visits (id, day) FROM PROGRAM 'echo x,2024-11-14' CSV\n`,
  sequence: `SELECT nextval('dayboard.run_id_seq');`,
  prepared: `PREPARE p AS DELETE FROM visits; EXECUTE p; COMMIT; EXECUTE p;`,
};

/** What writes of all that a workspace can do: a method without a verdict here does not compile. */
const WRITES: Record<keyof Workspace, ((workspace: Workspace) => Promise<unknown>) | undefined> = {
  project: undefined,
  context: undefined,
  board: undefined,
  list: undefined,
  freshness: undefined,
  plan: undefined,
  start: async (workspace) => workspace.start(await workspace.plan(requestOf({ cells: [] }))),
  activeRuns: undefined,
  runs: undefined,
  audit: undefined,
  sizes: undefined,
  run: undefined,
  follow: undefined,
  cancel: (workspace) => workspace.cancel('1', 'now'),
  checks: undefined,
  watch: undefined,
  holdSchedule: (workspace) => workspace.holdSchedule(),
  doctor: undefined,
  prepare: (workspace) => workspace.prepare(false),
  adoption: undefined,
  adopt: (workspace) => workspace.adopt({ name: 'visits', act: 'finish' }),
  scripts: undefined,
  planScript: undefined,
  // In a transaction that cannot write: see the scripts above.
  startScript: undefined,
  close: undefined,
};

describe('a read-only context', () => {
  it.each(Object.entries(SCRIPTS))('lets no script change anything: %s', async (name, text) => {
    place.write(`${name}.sql`, text);
    const before = await everything();
    const ended = await place.run([
      '--context',
      'look',
      'script',
      `${name}.sql`,
      '--yes',
      '--on-error',
      'continue',
    ]);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain(`${name}.sql:`);
    expect(await everything()).toEqual(before);
  });

  it('has a verdict of every command that there is', () => {
    expect(Object.keys(COMMANDS).sort()).toEqual(expect.arrayContaining(commandNames()));
  });

  it('lets no command change anything at target or source, and refuses each that would', async () => {
    const before = await everything();
    const verdicts: Array<[line: string, isAsItShould: boolean, said: string]> = [];
    for (const { writes, lines } of Object.values(COMMANDS))
      for (const args of lines) {
        const ended = await place.run(['--context', 'look', ...args], { DAYBOARD_DEBUG: '1' });
        verdicts.push([
          args.join(' '),
          writes
            ? ended.code === 5 && REFUSED.test(ended.stdout + ended.stderr)
            : [0, 4].includes(ended.code ?? -1),
          ended.stdout + ended.stderr,
        ]);
      }
    expect(verdicts.filter(([, isAsItShould]) => !isAsItShould)).toEqual([]);
    expect(await everything()).toEqual(before);
  });

  it('lets no method of a workspace write that is not for it', async () => {
    await using look = await openTestWorkspace({
      project: aProject(),
      env: { DATABASE_URL: place.database.url },
      cacheDirectory: join(place.directory, 'look'),
      readOnly: true,
    });
    const before = await everything();
    const writes = Object.values(WRITES).filter((write) => write !== undefined);
    for (const write of writes)
      await expect(write(look.workspace)).rejects.toMatchObject({
        code: 'context.read-only',
        kind: 'refused',
      });
    expect(await everything()).toEqual(before);
  });

  it('lets no key of the console change anything, whatever is under the cursor of a screen', async () => {
    const before = await everything();
    const terminal = place.terminal(['--context', 'look']);
    await terminal.waitFor('no_robots');
    const screens = ['board', 'runs', 'freshness', 'files', 'scripts', 'audit', 'sizes'] as const;
    for (const [at, screen] of screens.entries()) {
      terminal.press(String(at + 1));
      await terminal.waitFor(new RegExp(`› ${screen} +LOOK`));
      const writes = ACTIONS.filter(({ danger, places }) => danger === 'write' && places.includes(screen));
      // A dialog that opened would take the number of the next screen, and that would not be shown.
      terminal.press(...writes.flatMap((action) => action.keys));
    }
    terminal.press('1');
    await terminal.waitFor(/› board +LOOK/);
    terminal.kill('SIGTERM');
    await terminal.exit;
    expect(await everything()).toEqual(before);
  });
});
