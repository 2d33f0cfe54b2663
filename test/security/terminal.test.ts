import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CONFIG, daysAgo, file, Place } from '../cli/place.ts';

/** Writes to the clipboard, sets the title, clears the screen, begins a sequence in one byte, turns the line around. */
const ATTACK =
  '\u001b]52;c;SEVJTA==\u0007\u001b]0;PWNED\u0007\u001b[2J\u009b31mx\u009d0;PWNED\u009c\u202e\u001bc';

/** What no text may hold but lines: all controls, and marks that reorder. */
// oxlint-disable-next-line no-control-regex
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const [HEADER, ROW, GOOD] = [daysAgo(3), daysAgo(2), daysAgo(1)];
let place: Place;

beforeAll(async () => {
  place = await Place.make(
    CONFIG.replace(
      'checks: [',
      `checks: [
      { name: 'hostile_rows', of: ['visits'], sql: 'SELECT id AS "' + ${JSON.stringify(ATTACK)} + '", id FROM visits' },
      { name: 'hostile_server', of: ['visits'], sql: 'SELECT hostile()' },`,
    ),
  );
  place.deliver(`visits_${HEADER}.csv`, `${ATTACK}\nx\n`);
  place.deliver(`visits_${ROW}.csv`, `id\n"${ATTACK}" ${ATTACK},${ATTACK}\n`);
  place.deliver(`visits_${GOOD}.csv`, file('a', `b${ATTACK}`));
  place.deliver(`visits_${ATTACK}_${GOOD}.csv`, file('a'));
  place.deliver(`visits_${GOOD}.csv${ATTACK}`, file('a'));
  place.write(
    'hostile.sql',
    `\\pset format unaligned\n\\echo '${ATTACK}'\nSELECT id FROM visits;\nCOPY (SELECT id FROM visits) TO STDOUT;\nSELECT hostile();\n`,
  );
  await place.query(`CREATE FUNCTION hostile() RETURNS integer LANGUAGE plpgsql AS $$
    BEGIN RAISE NOTICE '%', ${literal()}; RAISE WARNING '%', ${literal()};
    RAISE EXCEPTION USING MESSAGE = ${literal()}, DETAIL = ${literal()}, HINT = ${literal()}; END $$`);
  await place.run(['sync', '-4', 'visits']);
  place.deliver(`visits_${GOOD}.csv`, file(`c${ATTACK}`));
  await place.run(['sync', GOOD, 'visits']);
  await place.query(
    `UPDATE dayboard.run SET by_user = ${literal()}, host = ${literal()}, cli = ${literal()}`,
  );
  await place.query(`UPDATE dayboard.object SET key = key || ${literal()}, etag = ${literal()}`);
  mkdirSync(join(place.directory, 'user-config/dayboard'), { recursive: true });
  writeFileSync(
    join(place.directory, 'user-config/dayboard/config.json'),
    JSON.stringify({ contexts: { [ATTACK]: { readOnly: true } } }),
  );
});

function literal(): string {
  return `'${ATTACK}'`;
}

const COMMANDS = [
  ['status'],
  ['runs'],
  ['runs', 'show', '1'],
  ['runs', 'follow', '1'],
  ['check'],
  ['diff', GOOD, 'visits'],
  ['plan', '-4', 'visits'],
  ['sync', '-4', 'visits', '--reprocess', 'all'],
  ['complete', '--', 'sync', ''],
  ['complete', '--', '--context', ''],
  ['--context', 'nowhere', 'status'],
  ['--context', ATTACK, 'status'],
  [ATTACK],
  ['sync', ATTACK],
  ['sync', GOOD, ATTACK],
  ['status', `--${ATTACK}`],
  ['--config', ATTACK, 'status'],
  ['runs', 'show', ATTACK],
].map((args) => [args] as const);

describe('what files, servers, the ledger and arguments say', () => {
  it.each(COMMANDS)('is only printed by %j, as text and as JSON', async (args) => {
    const [text, json] = await Promise.all([
      place.run(args, { DAYBOARD_DEBUG: '1' }),
      place.run([...args, '--json']),
    ]);
    for (const output of [text.stdout, text.stderr, json.stdout, json.stderr]) {
      expect(OBEYED.exec(output.replaceAll('\t', ' '))).toBeNull();
    }
  });

  it('is only printed on every screen of the console', async () => {
    const terminal = place.terminal([]);
    await terminal.waitFor('hostile_rows');
    const walk: Array<[keys: string[], shows: RegExp]> = [
      [['enter'], /› runs › \d/],
      [['o'], /› log/],
      [['2'], /› runs +DEFAULT/],
      [['3'], /› freshness +DEFAULT/],
      [['4'], /› files +DEFAULT/],
      [['1'], /› board +DEFAULT/],
    ];
    for (const [keys, shows] of walk) {
      terminal.press(...keys);
      await terminal.waitFor(shows);
    }
    terminal.press('q');
    await terminal.exit;
    expect(obeyed(terminal.output())).toEqual([]);
  });

  it.each([
    ['sync', '-4', 'visits', '--reprocess', 'all'],
    ['check'],
    ['status'],
    ['script', 'hostile.sql'],
    ['runs', 'show', '1'],
  ])('is only printed by %s on a terminal, live list and colours included', async (...args) => {
    const terminal = place.terminal(args);
    await terminal.exit;
    expect(obeyed(terminal.output())).toEqual([]);
  });
});

/** What of the attack would be obeyed. Own sequences (colours, cursor) are no part of it. */
function obeyed(output: string): string[] {
  return ['\u001b]52', '\u001b]0;', '\u001bc', '\u009b', '\u009d', '\u202e'].filter((part) =>
    output.includes(part),
  );
}
