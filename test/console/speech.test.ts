import { afterEach, describe, expect, it } from 'vitest';
import { type ConsoleUnderTest, openConsole } from '../support/console.ts';
import '../support/show.ts';

// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001b\[[?>\d;]*[a-zA-Z]/gu;

let open: ConsoleUnderTest | undefined;
afterEach(async () => {
  open?.press('ctrl-c', 'ctrl-c');
  await open?.ended;
});

function start() {
  // So wide that no line is broken.
  const console = openConsole({ columns: 400, rows: 60, options: { screenReader: true } });
  open = console;
  /** All that was ever written, as lines of text. */
  const said = () => console.output.join('').replaceAll(ESCAPES, '').split('\n');
  return { ...console, said };
}

describe('the console for a screen reader', () => {
  it('says where one is, what is wrong, the keys, and what the cursor is on', async () => {
    const { screen, said } = start();
    await expect(screen).toShow('Board. web-stats in preprod.');
    await expect(screen).toShow(
      /^2 failed, 1 suspicious, 1 stale, 1 owed, 1 missing, 2 available, 1 fetched\./mu,
    );
    await expect(screen).toShow(/^Keys: .*help.*quit\./mu);
    expect(said().join('\n')).toMatch(/^\S+, 2026-11-\d\d: failed\. \S+/mu);
  });

  it('says one line for a move and draws nothing over', async () => {
    const { screen, press, output, wait, said } = start();
    await expect(screen).toShow('Board. web-stats');
    const before = said().length;
    press('left');
    await expect(screen).toShow(/^\S+, 2026-11-12: loaded\. Version/mu);
    expect(said().length).toBe(before + 1);
    wait(120);
    press('right');
    await expect(screen).toShow(
      (lines) => lines.filter((line) => /2026-11-13: failed/u.test(line)).length === 2,
    );
    // Neither the alternate screen, nor a cursor that goes up, nor an erased line that had text.
    // oxlint-disable-next-line no-control-regex
    expect(output.join('')).not.toMatch(/\u001b\[\?1049h|\u001b\[\d*A|[│─╭╮✘●]/u);
  });

  it('reads dialogs whole, and what is chosen in them', async () => {
    const { screen, press, type } = start();
    await expect(screen).toShow('Board. web-stats');
    press('i');
    await expect(screen).toShow(/^PLAN, sync 2026-11-13/mu);
    await expect(screen).toShow(/^import subscriptions, Column/mu);
    press('esc');
    await expect(screen).toShow((lines) => lines.filter((line) => line.startsWith('Board.')).length === 2);
    press('?');
    await expect(screen).toShow('Help: type words or a key');
    type('undo');
    await expect(screen).toShow(/^U: take the newest version .* back/mu);
  });

  it('follows a run by what happened in it, and says how it ended', async () => {
    const { screen, press, workspace } = start();
    await expect(screen).toShow('Board. web-stats');
    press('i');
    await expect(screen).toShow(/^PLAN/mu);
    press('enter');
    await expect(screen).toShow(/^Run 1901, running: dayboard sync 2026-11-13 subscriptions\./mu);
    for (let beat = 0; beat < 50; beat += 1) workspace.beat();
    await expect(screen).toShow(/run 1901 is done/iu);
    await expect(screen).toShow(/^run 1901: \d\/4 steps\./mu);
    press('2');
    await expect(screen).toShow(/^Runs\. web-stats in preprod/mu);
    await expect(screen).toShow(/^run 1901, done, started .* Line 1 of \d+\./mu);
  });

  it.each([
    ['3', /^Freshness\./mu, /reaches 2026-11-\d\d/u],
    ['4', /^Files at the source\./mu, /version 1 is loaded|not loaded/u],
    ['5', /^Scripts\./mu, /Line 1 of|Nothing is listed/u],
    ['6', /^Audit\./mu, /took back, run 1892: version 3 of events/u],
    ['7', /^Sizes\./mu, /dataset \S+: 3\.1 GiB, 858 MiB of it indexes/u],
  ])('says the line under the cursor of screen %s', async (key, title, line) => {
    const { screen, press } = start();
    await expect(screen).toShow('Board. web-stats');
    press(key);
    await expect(screen).toShow(title);
    await expect(screen).toShow(line);
  });
});
