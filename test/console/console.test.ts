import { afterEach, describe, expect, it } from 'vitest';
import { type ConsoleUnderTest, openConsole } from '../support/console.ts';
import { until } from '../support/until.ts';
import '../support/show.ts';

let open: ConsoleUnderTest | undefined;

/** The console of a test; quit after it. */
function start(...options: Parameters<typeof openConsole>): ConsoleUnderTest {
  open = openConsole(...options);
  return open;
}

afterEach(async () => {
  if (open === undefined) return;
  open.press('ctrl-c', 'ctrl-c', 'ctrl-c');
  await open.ended;
  await open.workspace.close();
  open = undefined;
});

const PANEL = /^ (\d{4}-\d{2}-\d{2}) \w{3} {2}(\S+)/mu;

/** The period and dataset that the panel speaks of. */
function selected(screen: string[]): string {
  const found = PANEL.exec(screen.join('\n'));
  return found === null ? '' : `${found[1]} ${found[2]}`;
}

const shows = (cell: string) => (screen: string[]) => selected(screen) === cell;

describe('the board', () => {
  it('opens on the worst problem and says why and what to do', async () => {
    const { screen } = start();
    const lines = await screen.waitFor('2 failed');
    expect(selected(lines)).toBe('2026-11-13 subscriptions');
    expect(lines.join('\n')).toContain('Column "hour" of line 2,114 is no timestamp');
    expect(lines.join('\n')).toContain('R retries it');
  });

  it('lists the source behind the first reading of the ledger', async () => {
    const { screen, workspace } = start();
    await expect(screen).toShow(/listed \d+s ago/u);
    expect(workspace.calls.list).toBe(1);
    expect(workspace.calls.board).toBeGreaterThan(0);
  });

  it('moves with arrows and with letters', async () => {
    const { screen, press } = start();
    await expect(screen).toShow(shows('2026-11-13 subscriptions'));
    press('down', 'right');
    await expect(screen).toShow(shows('2026-11-14 events'));
    press('h', 'k', 'k');
    await expect(screen).toShow(shows('2026-11-13 user_daily_visits'));
  });

  it('takes the repeats of a held key that arrive in one read', async () => {
    const { screen, type } = start();
    await expect(screen).toShow(shows('2026-11-13 subscriptions'));
    type('hhhhhj');
    await expect(screen).toShow(shows('2026-11-08 events'));
  });

  it('goes to the ends: 0 and $, g g and G', async () => {
    const { screen, press } = start();
    await expect(screen).toShow(shows('2026-11-13 subscriptions'));
    press('$', 'g', 'g');
    await expect(screen).toShow(shows('2026-11-22 user_daily_visits'));
    press('G');
    await expect(screen).toShow('view user_monthly_visits_lite');
  });

  it('goes from problem to problem, and from the last to the first', async () => {
    const { screen, press } = start();
    await expect(screen).toShow(shows('2026-11-13 subscriptions'));
    press(']');
    await expect(screen).toShow(shows('2026-11-13 events'));
    press(']', ']');
    await expect(screen).toShow(shows('2026-11-18 user_daily_visits'));
    press(']');
    await expect(screen).toShow('Problem 5 of 5 in 120 days, from the oldest again');
    await expect(screen).toShow(shows('2026-11-06 crisp'));
    press('[');
    await expect(screen).toShow('Problem 1 of 5 in 120 days, from the newest again');
    await expect(screen).toShow(shows('2026-11-18 user_daily_visits'));
  });

  it('says that there are no problems when there are none', async () => {
    const { screen, press } = start({ fake: { trouble: false } });
    await expect(screen).toShow('all that is due is loaded');
    press(']');
    await expect(screen).toShow('No problems');
  });

  it('goes to a date, also one that is not loaded yet', async () => {
    const { screen, press, type, workspace } = start();
    await expect(screen).toShow(shows('2026-11-13 subscriptions'));
    press('t');
    await expect(screen).toShow('GO TO DATE');
    type('11-02\r');
    await expect(screen).toShow(shows('2026-11-02 subscriptions'));
    const before = workspace.calls.board;
    press('t');
    await expect(screen).toShow('GO TO DATE');
    type('2025-12-24\r');
    await expect(screen).toShow(shows('2025-12-24 subscriptions'));
    expect(workspace.calls.board).toBeGreaterThan(before);
  });

  it('counts the days of its first reading, however far back it is scrolled', async () => {
    const { screen, press, workspace } = start({ options: { days: 15 } });
    const counts = (lines: string[]) => lines[1]?.split('│')[0];
    const before = counts(await screen.waitFor('2 failed'));
    expect(before).toContain('✘ 2 failed  ~ 1 stale  ∅ 1 missing');
    press('0');
    await expect(screen).toShow(/◂ \d+ more/u);
    press('[');
    const lines = await screen.waitFor(/Problem \d of 5 in (30|60) days/u);
    expect(workspace.calls.board).toBeGreaterThan(1);
    expect(counts(lines)).toBe(before);
  });

  it('says what a date looks like when it was none', async () => {
    const { screen, press, type } = start();
    await expect(screen).toShow('2 failed');
    press('t');
    await expect(screen).toShow('GO TO DATE');
    type('2026-02-30\r');
    await expect(screen).toShow('No such day');
    press('esc');
    await expect(screen).toShow((lines) => !lines.join('\n').includes('GO TO DATE'));
  });

  it('changes the width of days', async () => {
    const { screen, press } = start({ columns: 80, rows: 24 });
    const lines = await screen.waitFor('2 failed');
    const row = (all: string[]) => all.find((line) => line.includes('sso')) ?? '';
    const glyphs = (all: string[]) => row(all).replaceAll(/[^✓∅+]/gu, '').length;
    press('-');
    const narrow = await screen.waitFor((all) => glyphs(all) > glyphs(lines));
    expect(row(narrow)).toContain('✓✓✓');
  });

  it('marks cells, ranges, days and tables, and takes marks off', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('space');
    await expect(screen).toShow('1 cell marked: 1 period of 1 table');
    press('v', 'down', 'right');
    await expect(screen).toShow('4 cells marked: 2 periods of 2 tables');
    press('esc');
    await expect(screen).toShow(shows('2026-11-14 events'));
    press('V');
    await expect(screen).toShow('6 cells marked: 1 period of 6 tables');
    press('V', 'C');
    await expect(screen).toShow('119 cells marked: 119 periods of 1 table');
  });

  it('keeps a range with a second v', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('v', 'down', 'v', 'down', 'down');
    await expect(screen).toShow('2 cells marked: 1 period of 2 tables');
  });

  it('opens the last run of a cell, and the details of one without', async () => {
    const { screen, press } = start();
    await expect(screen).toShow(shows('2026-11-13 subscriptions'));
    press('enter');
    await expect(screen).toShow('1841 sync');
    press('esc');
    await expect(screen).toShow('TABLES');
    press(']', ']');
    await expect(screen).toShow(shows('2026-11-13 sso'));
    press('enter');
    await expect(screen).toShow('object: none at the source');
  });
});

describe('small and changing terminals', () => {
  it('says what it needs below 60x16', async () => {
    const { screen, resize } = start();
    await expect(screen).toShow('2 failed');
    resize(59, 30);
    await expect(screen).toShow('needs 60x16');
    resize(60, 16);
    await expect(screen).toShow('failed');
  });

  it('says below 60x16 what is in flight, and asks before it quits', async () => {
    const { screen, press, resize } = start();
    await expect(screen).toShow('2 failed');
    press('i');
    await expect(screen).toShow('1 delivery to do');
    press('enter');
    await expect(screen).toShow('0/4 steps');
    resize(40, 10);
    await expect(screen).toShow('run 1901: 0/4 is in flight');
    press('q');
    await expect(screen).toShow(/c\s+cancels, Esc stays/u);
    resize(16, 60);
    await expect(screen).toShow(/needs 60x16, *\nthis is 16x60\nrun 1901: 0\/4 is/u);
  });

  it('draws anew at every size, and never a line too many', async () => {
    const { screen, resize } = start();
    await expect(screen).toShow('2 failed');
    for (const [columns, rows] of [
      [80, 24],
      [200, 50],
      [61, 17],
      [120, 36],
    ] as const) {
      resize(columns, rows);
      const lines = await screen.waitFor(
        (all) => (all[0] ?? '').length === columns - 1 && /q quit/u.test(all.at(-1) ?? ''),
      );
      expect(lines[0]).toMatch(/^ dayboard › board .* UTC$/u);
      expect(lines.filter((line) => line.includes('q quit'))).toHaveLength(1);
    }
  });
});

describe('help', () => {
  it('does what its cursor is on', async () => {
    const { screen, press } = start();
    await expect(screen).toShow(shows('2026-11-13 subscriptions'));
    press('?');
    await expect(screen).toShow(/▸ i +import the marked cells/u);
    press('down', 'down');
    await expect(screen).toShow(/▸ R +retry what failed/u);
    press('up');
    await expect(screen).toShow(/▸ p +show what import would do/u);
    press('enter');
    await expect(screen).toShow('This is the plan alone');
  });

  it('says why something is off, and stays', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('?', 'x');
    await expect(screen).toShow(/▸ x +stop the run/u);
    press('enter');
    await expect(screen).toShow('Stop after step: nothing is running.');
    await expect(screen).toShow('KEYS  board');
  });

  it('finds a key or a word that is typed, and scrolls with its cursor', async () => {
    const { screen, press, type } = start({ columns: 80, rows: 24 });
    await expect(screen).toShow('2 failed');
    press('?');
    await expect(screen).toShow('KEYS  board');
    press(...Array<string>(60).fill('down'));
    await expect(screen).toShow(/▸ q ctrl-c +quit/u);
    type('whole tab');
    await expect(screen).toShow(/▸ C +mark the whole table/u);
    press('enter');
    await expect(screen).toShow('119 cells marked');
    press('?');
    type('zzz');
    await expect(screen).toShow('Nothing has that in its keys or words.');
    press('esc');
    await screen.waitFor((lines) => !lines.join('\n').includes('KEYS'));
  });
});

describe('what went wrong', () => {
  it('keeps the board and tells its age while the connection is lost', async () => {
    const { screen, workspace, wait, press } = start();
    await expect(screen).toShow('2 failed');
    workspace.tell({
      kind: 'lost',
      error: { code: 'ledger.lost', message: 'server closed the connection', facts: {} },
      retryInSeconds: 5,
    });
    const lines = await screen.waitFor('connection lost');
    expect(lines.join('\n')).toContain('as of 07:38:12');
    expect(lines.join('\n')).toContain('user_daily_visits');
    wait(3);
    await expect(screen).toShow(/connection lost 3s ago, next try in 2s/u);
    press('i');
    await expect(screen).toShow('Import: the connection is lost');
    workspace.tell({ kind: 'back' });
    await expect(screen).toShow('2 failed');
  });

  it('shows why the first reading failed, and reads again with r', async () => {
    const { DayboardError } = await import('../../src/project/errors.ts');
    const failure = new DayboardError({
      code: 'ledger.denied',
      message: 'permission denied for schema dayboard',
      next: 'Grant usage on it.',
    });
    const { screen, workspace, press } = start({ prepare: (fake) => (fake.boardFailure = failure) });
    await expect(screen).toShow('permission denied for schema dayboard');
    await expect(screen).toShow('Grant usage on it.');
    workspace.boardFailure = undefined;
    press('r');
    await expect(screen).toShow('2 failed');
  });

  it('lets nothing from data reach the terminal but text', async () => {
    const evil = 'a\u001b[2Jb\u009b31mc\u001b]0;title\u0007d\u202Ee\u0000f\r\ng';
    const { screen, output } = start({
      prepare: (fake) => {
        for (const facts of fake.facts.values())
          if (facts.attempt?.error !== undefined) facts.attempt.error.message = evil;
      },
    });
    const lines = await screen.waitFor('2 failed');
    expect(lines.join('\n')).toContain('abcdef g');
    const written = output.join('');
    // oxlint-disable-next-line no-control-regex
    expect(written).not.toMatch(/\u001b\[2J|\u009b|\u001b\]0|\u0000|\u202e/u);
  });
});

describe('around it', () => {
  it('shows a tip until a run is started', async () => {
    const { screen, press } = start({ tips: ['Press i on the failed cell.'] });
    await expect(screen).toShow('Press i on the failed cell.');
    press('i');
    await expect(screen).toShow('PLAN');
    press('enter');
    await expect(screen).toShow('STEP');
    press('b');
    await expect(screen).toShow('TABLES');
    expect(screen.lines().join('\n')).not.toContain('Press i on the failed cell.');
  });

  it('leaves the terminal as it was, with one line', async () => {
    const { screen, press, ended, rawModes, output } = start();
    await expect(screen).toShow('2 failed');
    press('q');
    await ended;
    open = undefined;
    const lines = await screen.waitFor('nothing was run from here');
    expect(lines.filter((line) => line !== '')).toEqual([
      'dayboard: web-stats in preprod; nothing was run from here.',
    ]);
    expect(rawModes[0]).toBe(true);
    expect(rawModes.at(-1)).toBe(false);
    expect(output.join('')).toContain('\u001b[?1049l');
    expect(output.join('').endsWith('here.\n')).toBe(true);
  });

  it('is refused where there is no terminal', async () => {
    const { runConsole } = await import('../../src/console/main.tsx');
    const { workspace } = start();
    const io = { stdin: { isTTY: false }, stdout: { isTTY: true } } as never;
    await expect(
      runConsole({
        workspace,
        io,
        options: { ascii: true, color: 'none', background: 'dark' },
        now: () => '',
      }),
    ).rejects.toThrow('needs a terminal');
  });
});

it('is there again after ctrl-z, however often it is pressed', async () => {
  const { screen, press, output } = start();
  await expect(screen).toShow(shows('2026-11-13 subscriptions'));
  press('ctrl-z', 'ctrl-z', 'ctrl-z');
  await until(() => output.join('').split('\u001b[?1049h').length > 2);
  press('down');
  await expect(screen).toShow(shows('2026-11-13 events'));
});
