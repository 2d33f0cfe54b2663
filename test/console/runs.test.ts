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

/** Beats until the screen shows it: the run goes on exactly as far as the test needs. */
async function beatUntil({ workspace, screen }: ConsoleUnderTest, text: string): Promise<void> {
  for (let beat = 0; beat < 200; beat += 1) {
    if (screen.lines().join('\n').includes(text)) return;
    workspace.beat();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await screen.waitFor(text);
}

/** The plan of the failed cell under the cursor. */
async function planOfFailed(console: ConsoleUnderTest): Promise<void> {
  await console.screen.waitFor('2 failed');
  console.press('i');
  await console.screen.waitFor('same as: dayboard sync 2026-11-13 subscriptions');
}

describe('planning', () => {
  it('shows what will be done, for how long, and the same as a command', async () => {
    const console = start();
    await planOfFailed(console);
    const text = console.screen.lines().join('\n');
    expect(text).toContain('PLAN  sync 2026-11-13, subscriptions');
    expect(text).toContain('1 delivery to do');
    expect(text).toMatch(/import subscriptions/u);
    expect(text).toMatch(/rollup subscriptions_by_week/u);
    expect(text).toMatch(/about \S+ \(medians\)/u);
    expect(text).toContain('locks: free');
  });

  it('leaves everything as it is with Esc', async () => {
    const console = start();
    await planOfFailed(console);
    console.press('esc');
    await console.screen.waitFor((lines) => !lines.join('\n').includes('PLAN'));
    expect(console.workspace.calls.start).toBe(0);
  });

  it('says why cells are left alone, and takes them in with Tab', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('V', 'i');
    await expect(screen).toShow('4 deliveries to do, 2 left alone');
    await expect(screen).toShow('Already loaded: version 1 of the same object.');
    press('tab');
    await expect(screen).toShow('6 deliveries to do');
    await expect(screen).toShow('Loaded again: version 1 is replaced.');
  });

  it('loads a loaded cell again when it is the one that is asked for', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('left', 'i');
    await expect(screen).toShow('dayboard sync 2026-11-12 subscriptions --reprocess all');
  });

  it('only shows a plan with p', async () => {
    const { screen, press, workspace } = start();
    await expect(screen).toShow('2 failed');
    press('p');
    await expect(screen).toShow('This is the plan alone');
    // Keys are heard in their order: when Esc has been, Enter has.
    press('enter', 'esc');
    await screen.waitFor((lines) => !lines.join('\n').includes('This is the plan alone'));
    await expect(screen).toShow('dayboard › board');
    expect(workspace.calls.start).toBe(0);
  });

  it('scrolls a plan that is longer than the screen', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('C', 'i');
    await expect(screen).toShow('118 left alone');
    press('tab');
    await expect(screen).toShow('119 deliveries to do');
    await expect(screen).toShow(/lines 1–\d+ of 120/u);
    press('pagedown', 'pagedown');
    await expect(screen).toShow(/lines 41–/u);
  });

  it('makes a plan anew when the state changed meanwhile, and says so', async () => {
    const console = start();
    await planOfFailed(console);
    console.workspace.basis += 1;
    console.press('enter');
    await console.screen.waitFor('Something changed since the plan was made');
    expect(console.workspace.runsHere).toHaveLength(0);
    console.press('enter');
    await console.screen.waitFor('0/4 steps');
  });

  it('names who holds what the plan needs, and lets their run be watched', async () => {
    const held = [
      {
        target: 'subscriptions/2026-11-13',
        by: 'cron',
        host: 'db-1',
        since: '2026-11-22T07:30:00Z',
        run: '1900',
      },
    ];
    const console = start({ prepare: (workspace) => (workspace.held = held) });
    await planOfFailed(console);
    await expect(console.screen).toShow(
      'Held by cron@db-1, run 1900 since 07:30 (8m); ctrl-w watches it: subscriptions/2026-11-13',
    );
    console.press('enter');
    await expect(console.screen).toShow('is held by cron@db-1.');
    console.press('ctrl-w');
    await expect(console.screen).toShow('1900 sync');
  });
});

describe('contexts', () => {
  it('asks for the date or the name of a production context', async () => {
    const console = start({ fake: { context: { name: 'prod', production: true } } });
    await planOfFailed(console);
    await expect(console.screen).toShow('Type 2026-11-13 or prod to run:');
    console.type('y');
    console.press('enter');
    await expect(console.screen).toShow('type what is asked for first');
    expect(console.workspace.calls.start).toBe(0);
    console.press('backspace');
    console.type('prod');
    await expect(console.screen).toShow('Enter runs it');
    console.press('enter');
    await expect(console.screen).toShow('0/4 steps');
  });

  it('binds no writes in a read-only context, and ? says why', async () => {
    const { screen, press, workspace } = start({
      rows: 50,
      fake: { context: { name: 'audit', readOnly: true } },
    });
    await expect(screen).toShow('read-only');
    const footer = (await screen.waitFor('2 failed')).at(-1);
    expect(footer).not.toContain('import');
    press('i');
    await expect(screen).toShow('Context audit is read-only: i is not bound here.');
    expect(workspace.calls.plan).toBe(0);
    press('?');
    await expect(screen).toShow('off: context audit is read-only');
  });
});

describe('a run', () => {
  it('is watched step by step, and the board has it afterwards', async () => {
    const console = start();
    await planOfFailed(console);
    console.press('enter');
    await console.screen.waitFor('0/4 steps');
    for (let beat = 0; beat < 10; beat += 1) console.workspace.beat();
    await expect(console.screen).toShow('1/4 steps');
    console.wait(2);
    console.workspace.beat();
    await expect(console.screen).toShow(/▶ load +subscriptions 11-13 .*\d+%/u);
    await beatUntil(console, 'is done in');
    await expect(console.screen).toShow('1 published');
    console.press('esc');
    await expect(console.screen).toShow(/subscriptions ─+ ✓ loaded/u);
    await expect(console.screen).toShow('1 failed');
  });

  it('shows its progress on the board, in the cell', async () => {
    const console = start();
    await planOfFailed(console);
    console.press('enter');
    await console.screen.waitFor('0/4 steps');
    console.press('b');
    await console.screen.waitFor('TABLES');
    console.workspace.beat();
    console.workspace.beat();
    console.workspace.beat();
    const row = (lines: string[]) => lines.find((line) => line.includes('subscriptions ')) ?? '';
    await expect(console.screen).toShow((lines) => /[▂▃▄▅]/u.test(row(lines)));
  });

  it('tells why a step failed, and retries what failed with R', async () => {
    const error = {
      code: 'load.malformed-row',
      message: 'Line 7 has 3 columns of 6.',
      facts: { line: 7 },
      next: 'Have it delivered again.',
    };
    const console = start({ fake: { failing: { 'load subscriptions': error } } });
    await planOfFailed(console);
    console.press('enter');
    await console.screen.waitFor('0/4 steps');
    await beatUntil(console, 'failed in');
    await expect(console.screen).toShow('Line 7 has 3 columns of 6.');
    await expect(console.screen).toShow('Have it delivered again.');
    await expect(console.screen).toShow('skipped: what it needs failed');
    console.press('enter');
    await expect(console.screen).toShow('error: load.malformed-row');
    console.press('esc');
    await console.screen.waitFor((lines) => !lines.join('\n').includes('load.malformed-row'));
    console.press('R');
    await expect(console.screen).toShow('--reprocess missing,failed');
  });

  it('tells why and what to do in full at 80x24, on the board, in the run and in the details of the step', async () => {
    const next =
      'Nothing was loaded, and what was published before is untouched. Whoever delivers it has saved the answer to a failed request: have the object delivered again.';
    const message =
      'events_2026-11-13.csv is not the file that it should be: it is an error of the object store (<Code>SlowDown</Code>).';
    const whole = (lines: string[]) =>
      lines
        .join(' ')
        .replaceAll(/[│ ]+/gu, ' ')
        .replaceAll(/(?<=\S)-\s/gu, '- ');
    const console = start({
      columns: 80,
      rows: 24,
      fake: {
        failing: { 'load subscriptions': { code: 'load.error-body', message, facts: { line: 7 }, next } },
      },
    });
    await planOfFailed(console);
    console.press('enter');
    await console.screen.waitFor('0/4 steps');
    await beatUntil(console, 'failed in');
    const says = (lines: string[]) => whole(lines).includes(message) && whole(lines).includes(next);
    await expect(console.screen).toShow(says);
    console.press('enter');
    await expect(console.screen).toShow('error: load.error-body');
    await expect(console.screen).toShow(says);
    console.press('esc');
    await console.screen.waitFor((lines) => !lines.join('\n').includes('load.error-body'));
    console.press('b', '1');
    await console.screen.waitFor('TABLES');
    await expect(console.screen).toShow((lines) => whole(lines).includes(next));
  });

  it('shows earlier lines of its log with PgUp, and follows it again at its end', async () => {
    const { screen, press, workspace } = start({ columns: 80, rows: 24 });
    await expect(screen).toShow('2 failed');
    press('V', 'i');
    await expect(screen).toShow('4 deliveries to do');
    press('enter');
    await expect(screen).toShow(/0\/\d+ steps/u);
    for (let beat = 0; beat < 300; beat += 1) workspace.beat();
    const last = await screen.waitFor(/the last \d+ of \d+, PgUp earlier/u);
    press(...Array<string>(12).fill('pageup'));
    await expect(screen).toShow(/ 1–\d+ of \d+, PgUp earlier, PgDn later/u);
    press(...Array<string>(12).fill('pagedown'));
    await screen.waitFor((lines) => lines.join('\n').includes('the last ') && lines.at(-3) === last.at(-3));
  });

  it('stops after its step when x is confirmed', async () => {
    const console = start();
    await planOfFailed(console);
    console.press('enter');
    await console.screen.waitFor('0/4 steps');
    console.workspace.beat();
    console.press('x');
    await expect(console.screen).toShow('STOP run 1901 after this step?');
    console.press('enter');
    await expect(console.screen).toShow('stopping after this step');
    await beatUntil(console, 'was cancelled in');
    expect(console.workspace.runsHere[0]?.outcome?.steps).toEqual({
      done: 1,
      failed: 0,
      skipped: 0,
      cancelled: 3,
    });
  });

  it('is cancelled at once when X is confirmed, and goes on when it is not', async () => {
    const console = start();
    await planOfFailed(console);
    console.press('enter');
    await console.screen.waitFor('0/4 steps');
    console.workspace.beat();
    console.press('X');
    await expect(console.screen).toShow('CANCEL run 1901 now?');
    console.press('esc');
    await console.screen.waitFor((lines) => !lines.join('\n').includes('CANCEL run'));
    expect(console.workspace.runsHere[0]?.cancelling).toBeUndefined();
    console.press('X', 'y');
    await expect(console.screen).toShow('was cancelled in');
  });

  it('opens at the steps of the cell that it was opened from', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('down', 'enter');
    await expect(screen).toShow(/▸.*publish events +11-13/u);
  });

  it('of another process is followed', async () => {
    const console = start();
    await console.screen.waitFor('2 failed');
    const plan = await console.workspace.plan({
      command: 'sync',
      cells: [{ dataset: 'events', periods: ['2026-11-21'] }],
      reprocess: ['missing'],
      names: [],
      concurrency: 1,
      force: [],
    });
    console.workspace.ofOthers.add('1901');
    await console.workspace.start(plan);
    console.workspace.tell({ kind: 'changed' });
    await expect(console.screen).toShow(/run 1901: 0\/3 by operator/u);
    console.press('2');
    await expect(console.screen).toShow('COMMAND');
    console.press('enter');
    await expect(console.screen).toShow('1901 sync');
  });
});

describe('quitting with a run in flight', () => {
  async function inFlight(): Promise<ConsoleUnderTest> {
    const console = start();
    await planOfFailed(console);
    console.press('enter');
    await console.screen.waitFor('0/4 steps');
    console.workspace.beat();
    console.press('q');
    await expect(console.screen).toShow('QUIT while a run is in flight?');
    await expect(console.screen).toShow('Run 1901 lives in this process');
    return console;
  }

  it('stays with Esc', async () => {
    const console = await inFlight();
    console.press('esc');
    await console.screen.waitFor((lines) => !lines.join('\n').includes('QUIT'));
    expect(console.workspace.runsHere[0]?.cancelling).toBeUndefined();
  });

  it('waits for the run with w, and then ends', async () => {
    const console = await inFlight();
    console.press('w');
    await expect(console.screen).toShow('quits when the run ends');
    for (let beat = 0; beat < 100; beat += 1) console.workspace.beat();
    await console.ended;
    open = undefined;
    await expect(console.screen).toShow('web-stats in preprod; run 1901 is done in');
  });

  it('cancels it with c, and ends when that is done', async () => {
    const console = await inFlight();
    console.press('c');
    await console.ended;
    open = undefined;
    expect(console.workspace.runsHere[0]?.outcome?.state).toBe('cancelled');
    await expect(console.screen).toShow('run 1901 was cancelled');
  });

  it('stops after the step with s, and ends when that is done', async () => {
    const console = await inFlight();
    console.press('s');
    for (let beat = 0; beat < 100 && console.workspace.runsHere[0]?.outcome === undefined; beat += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      console.workspace.beat();
    }
    await console.ended;
    open = undefined;
    expect(console.workspace.runsHere[0]?.outcome?.steps.done).toBe(1);
  });
});

describe('quitting with a run in flight that no key of the console started', () => {
  async function inFlight(): Promise<ConsoleUnderTest> {
    const console = start();
    await console.screen.waitFor('2 failed');
    const cells = [{ dataset: 'events', periods: ['2026-11-21'] }];
    const request = { command: 'sync' as const, reprocess: ['missing' as const], names: [], force: [] };
    await console.workspace.start(await console.workspace.plan({ ...request, cells, concurrency: 1 }));
    console.press('q');
    await console.screen.waitFor('QUIT while a run is in flight?');
    await expect(console.screen).toShow('Run 1901 lives in this process');
    return console;
  }

  it('asks for it too, and waits for it', async () => {
    const console = await inFlight();
    console.press('w');
    await expect(console.screen).toShow('quits when the run ends');
    for (let beat = 0; beat < 100; beat += 1) console.workspace.beat();
    await console.ended;
    open = undefined;
    await expect(console.screen).toShow('web-stats in preprod; run 1901 is done in');
  });

  it('cancels it when that is chosen, and quits when it has ended', async () => {
    const console = await inFlight();
    console.press('c');
    await console.ended;
    open = undefined;
    expect(console.workspace.runsHere[0]?.outcome?.state).toBe('cancelled');
    await expect(console.screen).toShow('run 1901 was cancelled in');
  });

  it('takes the question back when the run ends before the answer', async () => {
    const console = await inFlight();
    for (let beat = 0; beat < 100; beat += 1) console.workspace.beat();
    await console.screen.waitFor((lines) => !lines.join('\n').includes('QUIT'));
    await expect(console.screen).toShow('Run 1901 is done in');
    console.press('q');
    await console.ended;
    open = undefined;
  });

  it('quits at once with ctrl-c in the question, and says what is cancelled', async () => {
    const console = await inFlight();
    await expect(console.screen).toShow('ctrl-c cancel now and quit at once');
    console.press('ctrl-c');
    await console.ended;
    open = undefined;
    await expect(console.screen).toShow('run 1901 is cancelled now');
    await console.workspace.close();
  });
});

describe('derived relations', () => {
  it('are shown worst first, with why and what to do', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('3');
    const lines = await screen.waitFor('WHY  rollup visits_by_day_30d');
    const order = lines
      .filter((line) => /^.[✘!✓] /u.test(line))
      .map((line) => line.split(/ +/u).find((word) => word.includes('_')));
    expect(order).toEqual([
      'visits_by_day_30d',
      'visits_by_month_120d',
      'user_monthly_visits_lite',
      'subscriptions_by_week',
    ]);
    press('j');
    await expect(screen).toShow('WHY  rollup visits_by_month_120d');
  });

  it('are refreshed with m, one or all that are behind', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('3', 'm');
    await expect(screen).toShow('same as: dayboard refresh visits_by_day_30d');
    press('esc');
    await screen.waitFor((lines) => !lines.join('\n').includes('PLAN'));
    press('M');
    await expect(screen).toShow('same as: dayboard refresh --owed --stale');
  });

  it('are reached from the board below the tables', async () => {
    const { screen, press } = start();
    await expect(screen).toShow('2 failed');
    press('G');
    await expect(screen).toShow('view user_monthly_visits_lite');
    press('enter');
    await expect(screen).toShow('WHY  view user_monthly_visits_lite');
  });
});
