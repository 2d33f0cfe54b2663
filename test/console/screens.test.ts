import { afterEach, describe, expect, it } from 'vitest';
import { type ConsoleUnderTest, openConsole } from '../support/console.ts';
import '../support/show.ts';

let open: ConsoleUnderTest | undefined;

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

/** Rows with a cell of every day: those of tables. */
const tables = (screen: string[]) => screen.filter((line) => (line.match(/[✓✘]/gu)?.length ?? 0) > 5).length;

/** What the terminal was asked to put on its clipboard. */
function copied(output: readonly string[]): string[] {
  // oxlint-disable-next-line no-control-regex
  const found = output.join('').matchAll(/\u001b\]52;c;([^\u0007]*)\u0007/gu);
  return [...found].map(([, encoded = '']) => Buffer.from(encoded, 'base64').toString());
}

describe('files', () => {
  it('show what the source has beside what is loaded, from the cell of the board on', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('4');
    await expect(screen).toShow(/▸✘ failed +2026-11-13 +subscriptions/u);
    await expect(screen).toShow(/∅ missing +2026-11-13 +sso/u);
    await expect(screen).toShow(/\d+ objects, .* not loaded/u);
    press('down', 'down');
    await expect(screen).toShow(/▸o available +2026-11-13 +account_data/u);
  });

  it('lead to the plan of what is under the cursor, and back to its cell', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('4', 'down', 'down', 'i');
    await expect(screen).toShow('sync 2026-11-13, account_data');
    press('esc');
    await expect(screen).toShow(/▸o available +2026-11-13 +account_data/u);
    press('esc');
    await expect(screen).toShow('dayboard › board');
    await expect(screen).toShow(/^ 2026-11-13 fri {2}account_data/mu);
  });

  it('are found by words, and the cursor stays when all are shown again', async () => {
    const { screen, press, type } = start();
    await expect(screen).toShow('2 failed');
    press('4', '/');
    type('available !events');
    await expect(screen).toShow((lines) => lines.filter((line) => line.includes('o available')).length === 2);
    await expect(screen).toShow('files › /available !events');
    press('enter', 'esc');
    await expect(screen).toShow(
      (lines) =>
        lines.some((line) => /▸o available +2026-11-13/u.test(line)) &&
        lines.some((line) => line.includes('✓ loaded')),
    );
  });
});

describe('the filter of the board', () => {
  it('leaves the tables and views with these words, and counts all the same', async () => {
    const { screen, press, type } = start();
    await expect(screen).toShow((lines) => tables(lines) === 6);
    press('/');
    type('sub');
    await expect(screen).toShow(
      (lines) => tables(lines) === 1 && lines.join().includes('subscriptions_by_week'),
    );
    await expect(screen).toShow('✘ 2 failed');
    press('enter', 'esc');
    await expect(screen).toShow((lines) => tables(lines) === 6);
    await expect(screen).toShow(/^▸subscriptions /mu);
  });

  it('is taken back while it is typed', async () => {
    const { screen, press, type } = start();
    await expect(screen).toShow('2 failed');
    press('/');
    type('nothing is called so');
    await expect(screen).toShow((lines) => tables(lines) === 0);
    press('esc');
    await expect(screen).toShow((lines) => tables(lines) === 6);
  });
});

describe('marks by state', () => {
  it('take all that is missing, of the tables that are shown', async () => {
    const { screen, press, type } = start();
    await expect(screen).toShow('2 failed');
    press('a', 'm');
    await expect(screen).toShow(/4 cells marked: 2 periods of 3 tables/u);
    press('esc');
    await expect(screen).toShow(/^ 2026-11-13 fri {2}subscriptions/mu);
    press('/');
    type('events');
    press('enter', 'a', 'm');
    await expect(screen).toShow(/1 cell marked/u);
  });

  it('take all that failed, and the plan has exactly those', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('a', 'f', 'i');
    await expect(screen).toShow('2 deliveries to do');
    await expect(screen).toShow('same as: dayboard sync 2026-11-13 subscriptions,events');
  });
});

describe('the palette', () => {
  it('plans a sync of days and tables that are completed as they are typed', async () => {
    const { screen, press, type } = start();
    await expect(screen).toShow('2 failed');
    press(':');
    type('sy');
    await expect(screen).toShow('▸sync PERIODS TABLES');
    press('enter');
    type('2026-11-13');
    press('space');
    type('acc');
    await expect(screen).toShow('sync 2026-11-13 account_data');
    press('down', 'enter');
    await expect(screen).toShow('sync 2026-11-13, account_data');
    await expect(screen).toShow('1 delivery to do');
  });

  it('says what is wrong with a line, and does nothing', async () => {
    const { screen, press, type, workspace } = start();
    await expect(screen).toShow('2 failed');
    press(':');
    type('sync 2026-11-13 nobody');
    await expect(screen).toShow('off: there is no table "nobody"');
    press('enter');
    await expect(screen).toShow('There is no table "nobody".');
    expect(workspace.calls.plan).toBe(0);
  });

  it('does what a key does, by its words, and goes to tables and dates', async () => {
    const { screen, press, type } = start();
    await expect(screen).toShow('2 failed');
    press(':');
    type('freshness');
    await expect(screen).toShow('▸freshness');
    press('enter');
    await expect(screen).toShow('4 relations');
    press(':');
    type('table crisp');
    press('enter');
    await expect(screen).toShow(/^▸crisp /mu);
    press(':');
    type('date 2026-11-02');
    press('enter');
    await expect(screen).toShow(/^ 2026-11-02 mon {2}crisp/mu);
  });

  it('writes nothing in a read-only context', async () => {
    const { screen, press, type } = start({ fake: { context: { readOnly: true } } });
    await expect(screen).toShow('2 failed');
    press(':');
    type('sync yesterday');
    await expect(screen).toShow('is read-only');
  });

  it('goes on in another context, unless a run would end with this console', async () => {
    const console = start({ contexts: ['preprod', 'prod'] });
    await expect(console.screen).toShow('2 failed');
    console.press('i');
    await expect(console.screen).toShow('1 delivery to do');
    console.press('enter');
    await expect(console.screen).toShow('/4 steps');
    console.press(':');
    console.type('context prod\r');
    await expect(console.screen).toShow('it would end with it');
    console.workspace.runsHere[0]?.cancel('now');
    console.workspace.beat();
    await expect(console.screen).toShow('was cancelled in');
    console.press(':');
    console.type('context prod\r');
    expect(await console.ended).toBe('prod');
  });
});

describe('copying', () => {
  it('offers the command line of what is selected first, and asks the terminal to take it', async () => {
    const { screen, press, output } = start();
    await expect(screen).toShow('2 failed');
    press('y');
    await expect(screen).toShow('▸command   dayboard sync 2026-11-13 subscriptions');
    press('enter');
    await expect(screen).toShow('Copied: dayboard sync 2026-11-13 subscriptions');
    expect(copied(output)).toEqual(['dayboard sync 2026-11-13 subscriptions']);
  });

  it('has the error of a failed cell whole', async () => {
    const { screen, press, output } = start();
    await expect(screen).toShow('2 failed');
    press('y');
    await expect(screen).toShow('error');
    press('end', 'up', 'up');
    await expect(screen).toShow(/▸error/u);
    press('y');
    await expect(screen).toShow('Copied:');
    expect(copied(output)[0]).toContain('Column "hour" of line 2,114 is no timestamp');
  });
});

describe('the log', () => {
  async function ofARun() {
    const console = start();
    await expect(console.screen).toShow('2 failed');
    console.press('a', 'm', 'i');
    await expect(console.screen).toShow('4 deliveries to do');
    console.press('enter');
    await expect(console.screen).toShow('steps');
    for (let beat = 0; beat < 40; beat += 1) console.workspace.beat();
    console.press('o');
    await expect(console.screen).toShow('follow on');
    return console;
  }

  it('fills the screen, is searched, and leads back to the run', async () => {
    const { screen, press, type } = await ofARun();
    press('/');
    type('COPY');
    await expect(screen).toShow(/\/COPY: [2-9] lines/u);
    press('enter');
    await expect(screen).toShow(/\/COPY: (\d) of \1/u);
    press('n');
    await expect(screen).toShow(/\/COPY: 1 of \d/u);
    await expect(screen).toShow(/▸\d\d:\d\d:\d\d load .*COPY/u);
    press('N');
    await expect(screen).toShow(/\/COPY: (\d) of \1/u);
    press('esc');
    await expect(screen).toShow('STEP');
    press('esc');
    await expect(screen).toShow('TABLES 7');
  });

  it('stays where it is scrolled to, and follows again at its end', async () => {
    const { screen, press, resize } = await ofARun();
    resize(80, 16);
    await expect(screen).toShow(
      (lines) => lines[0]?.length === 79 && /follow on .* of \d+ *$/mu.test(lines.join('\n')),
    );
    press('g', 'g');
    await expect(screen).toShow(/follow off .* 1–13 of/u);
    press('G');
    await expect(screen).toShow('follow on');
    press('f', 'w');
    await expect(screen).toShow('wrap on');
  });

  it('says when nothing has what is searched for', async () => {
    const { screen, press, type } = await ofARun();
    press('/');
    type('no such words');
    press('enter');
    await expect(screen).toShow('No line has "no such words".');
  });

  it('opens from the list of runs, and leads back to it', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('2');
    await expect(screen).toShow('STARTED');
    press('o');
    await expect(screen).toShow('› log');
    press('esc');
    await expect(screen).toShow('STEP');
    press('esc');
    await expect(screen).toShow('STARTED');
  });
});

describe('a run that ends', () => {
  async function ends(console: ConsoleUnderTest) {
    console.press('i');
    await expect(console.screen).toShow('1 delivery to do');
    console.press('enter');
    await expect(console.screen).toShow('/4 steps');
    for (let beat = 0; beat < 40; beat += 1) console.workspace.beat();
    await expect(console.screen).toShow('is done in');
    return console.output.join('');
  }

  it('rings and notifies while one looks elsewhere', async () => {
    const console = start();
    await expect(console.screen).toShow('2 failed');
    expect(console.output.join('')).toContain('\u001b[?1004h');
    console.type('\u001b[O');
    expect(await ends(console)).toContain('\u001b]9;dayboard: run 1901 is done in');
  });

  it('is silent while one looks', async () => {
    const console = start();
    await expect(console.screen).toShow('2 failed');
    console.type('\u001b[O');
    console.type('\u001b[I');
    expect(await ends(console)).not.toContain('\u001b]9;');
  });
});

describe('freshness', () => {
  it('tells the chain down to the delivery that is lacking, and when it is tried next', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('3');
    await expect(screen).toShow(/reads +user_daily_visits {2}loaded through 2026-11-21/u);
    await expect(screen).toShow(/~ 2026-11-18 stale +user_daily_visits_2026-11-18\.csv/u);
    await expect(screen).toShow(/next try +11-23 01:00 by the schedule/u);
  });

  it('leads from each link of the chain to what it is about, and back to the link', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('3');
    await expect(screen).toShow(/reads +user_daily_visits {2}loaded through/u);
    press('right');
    await expect(screen).toShow(/▸reads +user_daily_visits {2}loaded through/u);
    press('enter');
    await expect(screen).toShow('dayboard › files');
    await expect(screen).toShow(/▸~ stale +2026-11-18 +user_daily_visits/u);
    press('esc');
    await expect(screen).toShow(/▸reads +user_daily_visits/u);
    press('esc');
    await expect(screen).toShow((lines) => !lines.some((line) => line.includes('▸reads')));
    await expect(screen).toShow('dayboard › freshness');
  });

  it('tells who is at the delivery that keeps a relation back, since when, and Enter watches that run', async () => {
    const { screen, press, workspace } = start();
    await expect(screen).toShow('2 failed');
    const cells = [{ dataset: 'user_daily_visits', periods: ['2026-11-18'] }];
    const base = { names: [], concurrency: 1, force: [] };
    await workspace.start(await workspace.plan({ command: 'sync', cells, reprocess: ['stale'], ...base }));
    workspace.beat();
    press('3');
    await expect(screen).toShow(/held by +run 1901 of operator@bastion, process \d+, since 07:38, 0s ago/u);
    await expect(screen).toShow('Until it ends another import of that day is refused.');
    press('enter');
    await expect(screen).toShow(/runs › 1901 sync/u);
  });
});

it('a plan says what the next scheduled run would do of it anyway', async () => {
  const { screen, press } = start();
  await expect(screen).toShow('2 failed');
  press('i');
  await expect(screen).toShow('next scheduled run 11-23 01:00 would do none of it');
});

it('shows the volume of a table by weekday, and which day is odd', async () => {
  const { screen, press } = start();
  await expect(screen).toShow('2 failed');
  press('H');
  await expect(screen).toShow('VOLUME  subscriptions, rows by day');
  await expect(screen).toShow(/mon +tue +wed +thu +fri +sat +sun/u);
  await expect(screen).toShow(/11-09( +[\d.]+k?!?){4} +failed/u);
  press('esc');
  await screen.waitFor((lines) => !lines.join('\n').includes('VOLUME'));
  await expect(screen).toShow('TABLES 7');
});

describe('the audit', () => {
  it('tells who did what, is found by words, and leads to the run and back', async () => {
    const { screen, press, type } = start();
    await expect(screen).toShow('2 failed');
    press('6');
    await expect(screen).toShow(/took back by operator in preprod, 2026-11-22T07:38:12Z/u);
    await expect(screen).toShow(/▸\S+ +took back +operator +preprod +1892 +version 3 of events/u);
    await expect(screen).toShow(/sync +cron@db-1 +preprod +1900 +dayboard sync yesterday/u);
    press('/');
    type('operator sync');
    await expect(screen).toShow((lines) => !lines.some((line) => line.includes('cron@')));
    press('enter', 'enter');
    await expect(screen).toShow(/runs › 1892/u);
    press('esc');
    await expect(screen).toShow('audit › /operator sync');
  });
});

describe('the sizes', () => {
  it('tell what takes room, which indexes nobody uses, and all of one relation on Enter', async () => {
    const { screen, press, type } = start();
    await expect(screen).toShow('2 failed');
    press('7');
    await expect(screen).toShow(/SIZE +INDEXES +ROWS +UNUSED +KIND +RELATION/u);
    await expect(screen).toShow(/▸ +3\.1 GiB .* 858 MiB +12M +1 +dataset +user_daily_visits/u);
    await expect(screen).toShow(/381 MiB +never used +\S+_platform_idx +btree \(platform\)/u);
    await expect(screen).toShow(/477 MiB +41,233 scans +unique_\S+ +btree/u);
    press('enter');
    await expect(screen).toShow(/_p20261121: 200,000 rows, 52 MiB/u);
    press('esc');
    await expect(screen).toShow((lines) => !lines.some((line) => line.includes('_p20261121')));
    press('/');
    type('ledger');
    press('enter');
    await expect(screen).toShow(/▸ +38 MiB .* ledger +dayboard/u);
    await expect(screen).toShow('1 table.');
  });
});

it('a comparison is made once more with ids whole when somebody asks', async () => {
  const { screen, press, workspace } = start();
  await expect(screen).toShow('2 failed');
  press('D');
  await expect(screen).toShow('PLAN  diff 2026-11-13, subscriptions');
  press('enter');
  await expect(screen).toShow(/runs › 1901 diff/u);
  press('I');
  await expect(screen).toShow('Show ids: this is no comparison with masked ids.');
  for (let beat = 0; beat < 50; beat += 1) workspace.beat();
  await expect(screen).toShow(/run 1901 is done/iu);
  press('I');
  await expect(screen).toShow('dayboard diff 2026-11-13 subscriptions --show-ids');
});
