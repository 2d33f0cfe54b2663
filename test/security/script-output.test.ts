import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CONFIG, Place } from '../cli/place.ts';
import { comparedWithPsql, psqlVersion, runPsql, wantPsql } from '../support/psql.ts';

/*
 * A script that attacks the terminal of whoever runs it, with everything that a script makes appear: rows, column names,
 * text of its own, messages and errors of the server. Elsewhere than to a terminal its output is psql's, byte for byte.
 */

/** Writes to the clipboard, sets the title, clears the screen, does so in one byte, reorders, asks for an answer, resets. */
const ATTACK =
  '\u001b]52;c;SEVJTA==\u0007\u001b]0;PWNED\u0007\u001b[2J\u001b[6n\u001bP$q"p\u009c\u009b31mx\u009d0;PWNED\u009c\u202e\u2066\u200f\u001bc';
/** Without its sequences nothing of it is left but this. */
const LEFT = 'x';

/** What of the attack would be obeyed, or would reorder what stands beside it. A screen's own sequences are no part of it. */
const OBEYED = [
  '\u001b]52',
  '\u001b]0;',
  '\u001b[6n',
  '\u001bP',
  '\u001bc',
  '\u009b',
  '\u009d',
  '\u202e',
  '\u2066',
  '\u200f',
];
const obeyed = (output: string): string[] => OBEYED.filter((part) => output.includes(part));

const NAME = ATTACK.replaceAll('"', '').slice(0, 40);
const ROWS = `\\pset format unaligned
\\echo begin ${ATTACK.replaceAll('"', '')} echoed
\\warn ${ATTACK.replaceAll('"', '')} warned
SELECT '${ATTACK}' AS "${NAME}", 'é' AS other;
\\pset format aligned
SELECT '${ATTACK}' AS "${NAME}";
\\x
SELECT '${ATTACK}' AS "${NAME}";
\\copy (SELECT '${ATTACK}' || n FROM generate_series(1, 3) AS n) TO STDOUT
COPY (SELECT repeat('é', 500) || n FROM generate_series(1, 40) AS n) TO STDOUT;
DO $$ BEGIN RAISE NOTICE '%', '${ATTACK}'; RAISE WARNING USING MESSAGE = '${ATTACK}', DETAIL = '${ATTACK}', HINT = '${ATTACK}'; END $$;
`;
const FAILS = `${ROWS}SELECT 1 AS "${NAME}" FROM "${NAME}"; -- ${ATTACK}\n`;

let place: Place;
beforeAll(async () => {
  place = await Place.make(
    CONFIG.replace(
      "name: 'site',",
      "name: 'site',\n  scripts: [{ name: 'rows', file: 'rows.sql' }, { name: 'fails', file: 'fails.sql' }],",
    ),
  );
  for (const [name, text] of Object.entries({ rows: ROWS, fails: FAILS }))
    place.write(
      `${name}.sql`,
      `-- description: Counts ${ATTACK} rows\n-- param p${name} text = ${ATTACK.replaceAll(/\s/g, '')} Which ${ATTACK}\n${text}`,
    );
});

describe('the output of a script', () => {
  it.each([
    [['script', 'rows', '--yes'], 'echoed'],
    [['script', 'fails', '--yes'], 'does not exist'],
    [['script', 'fails', '--dry-run'], 'SELECT'],
    [['script'], 'rows'],
    [['runs', 'show', '1'], 'rows'],
    [['runs', 'follow', '1'], 'rows'],
  ])('is only printed on a terminal by %j', async (args, shows) => {
    const terminal = place.terminal(args);
    await terminal.exit;
    const output = terminal.output();
    expect(output).toContain(shows);
    expect(obeyed(output)).toEqual([]);
  });

  it('comes to a terminal whole but for what would be obeyed', async () => {
    const terminal = place.terminal(['script', 'rows', '--yes']);
    await terminal.exit;
    const lines = terminal.output().split(/\r?\n/);
    for (let n = 1; n <= 3; n += 1) expect(lines).toContain(`${LEFT}${n}`);
    for (let n = 1; n <= 40; n += 1) expect(lines).toContain(`${'é'.repeat(500)}${n}`);
  });

  it('is only printed by the console: the list, the plan, the log while it runs and afterwards', async () => {
    const terminal = place.terminal([]);
    await terminal.waitFor('no_robots');
    for (const [name, end] of [
      ['rows', /Run \d+ is done/],
      ['fails', /Run \d+ failed/],
    ] as const) {
      terminal.press('5');
      await terminal.waitFor(/▸rows/);
      if (name === 'fails') terminal.press('down');
      await terminal.waitFor(`▸${name}`);
      terminal.press('enter');
      await terminal.waitFor(`SCRIPT  ${name}`);
      terminal.press('enter');
      await terminal.waitFor(/reads +/);
      terminal.press('enter');
      await terminal.waitFor(end);
      terminal.press('o');
      await terminal.waitFor('follow on');
      terminal.press('home');
      await terminal.waitFor(/echoed/);
      terminal.press('esc');
      await terminal.waitFor('USUALLY');
      terminal.press('esc');
      await terminal.waitFor(/› scripts/);
    }
    terminal.press('q');
    await terminal.exit;
    expect(obeyed(terminal.output())).toEqual([]);
  });

  it('is in no JSON as it is', async () => {
    const { stdout, stderr } = await place.run(['script', 'fails', '--yes', '--json']);
    expect(stdout).toContain('does not exist');
    expect(obeyed(stdout + stderr)).toEqual([]);
  });

  it.runIf(wantPsql() && psqlVersion()?.major === 15)(
    `${comparedWithPsql('is psql’s elsewhere, byte for byte, in a file and in a pipe', 15)}`,
    async () => {
      const mine = await place.run(['script', 'rows', '--yes']);
      const theirs = await runPsql(place.database.url, ['-f', 'rows.sql'], { cwd: place.directory });
      expect(mine.stdout).toBe(theirs.stdout);
      expect(obeyed(mine.stdout)).toEqual(OBEYED);
      place.write('written.sql', `\\o out.txt\nSELECT '${ATTACK}';\n`);
      await place.run(['script', 'written.sql', '--yes']);
      expect(readFileSync(join(place.directory, 'out.txt'), 'utf8')).toContain('SEVJTA');
    },
  );
});
