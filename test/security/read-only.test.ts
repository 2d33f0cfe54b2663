import { beforeAll, describe, expect, it } from 'vitest';
import { ACTIONS } from '../../src/actions/list.ts';
import { commandNames } from '../../src/cli/run-cli.ts';
import { CONFIG, daysAgo, file, Place } from '../cli/place.ts';

const DAY = daysAgo(1);
let place: Place;

beforeAll(async () => {
  place = await Place.make(CONFIG);
  place.deliver(`visits_${DAY}.csv`, file('a'));
  await place.run(['sync', DAY, 'visits']);
  place.deliver(`visits_${DAY}.csv`, file('a', 'b'));
  place.deliver(`sso_${DAY}.csv`, file('x'));
  place.write('user-config/dayboard/config.json', JSON.stringify({ contexts: { look: { readOnly: true } } }));
});

/** Everything that is in the database: relations, and the rows of each, statistics and locks left out. */
async function everything(): Promise<string[]> {
  const relations = await place.query<{ name: string; kind: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname !~ '^(pg_|information_schema)' ORDER BY 1`,
  );
  const found: string[] = [];
  for (const { name, kind } of relations) {
    if (!['r', 'm', 'v', 'S'].includes(kind)) continue;
    const rows = await place.query<{ row: string }>(
      `SELECT ${kind === 'S' ? 'last_value' : 'to_jsonb(t)'}::text AS row FROM ${name} t ORDER BY 1`,
    );
    found.push(name, ...rows.map(({ row }) => row));
  }
  return found;
}

/** Command lines of every command that there is. */
const LINES: Record<string, string[][]> = {
  demo: [],
  init: [],
  completion: [],
  complete: [],
  schedule: [['schedule']],
  script: [['script']],
  sync: [['sync'], ['sync', DAY, 'visits', '--reprocess', 'all', '--yes']],
  fetch: [['fetch', DAY]],
  import: [['import', DAY, '--reprocess', 'all']],
  diff: [['diff', DAY, 'visits']],
  undo: [['undo', DAY, 'visits', '--yes']],
  cleanup: [['cleanup', '--yes']],
  copy: [['copy', '--yes']],
  refresh: [['refresh'], ['refresh', 'visits_per_day']],
  check: [['check']],
  status: [['status']],
  freshness: [['freshness']],
  sizes: [['sizes']],
  plan: [['plan', DAY]],
  runs: [['runs'], ['runs', 'show', '1'], ['runs', 'follow', '1']],
  cancel: [['cancel', '1', '--now']],
  prepare: [['prepare'], ['prepare', '--dry-run']],
  adopt: [
    ['adopt', 'visits', '--yes'],
    ['adopt', 'visits_per_day', '--yes'],
    ['adopt', 'visits', '--dry-run'],
  ],
  doctor: [['doctor']],
};

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
    expect(await everything()).toEqual(before);
  });

  it('lets no command change anything, be it a row, a relation or a sequence', async () => {
    expect(Object.keys(LINES).sort()).toEqual(expect.arrayContaining(commandNames()));
    const before = await everything();
    for (const args of Object.values(LINES).flat()) {
      const ended = await place.run(['--context', 'look', ...args], { DAYBOARD_DEBUG: '1' });
      expect([0, 1, 2, 4, 5], `${args.join(' ')}: ${ended.stderr}`).toContain(ended.code);
    }
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
