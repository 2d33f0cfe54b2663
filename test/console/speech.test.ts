import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { settle } from '../../src/console/board-cursor.ts';
import { boardModel } from '../../src/console/board-model.ts';
import { createClock } from '../../src/console/clock.ts';
import { runFromPlan } from '../../src/console/run-model.ts';
import { sayings, SILENT } from '../../src/console/speech/sayings.ts';
import { type ConsoleState, initialState } from '../../src/console/state.ts';
import { FAKE_NOW, FakeWorkspace } from '../support/fake-workspace.ts';
import { requestOf } from '../support/workspace.ts';
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

/** All that is said on coming to a place. */
async function saidOf(change: (state: ConsoleState) => Partial<ConsoleState>): Promise<string> {
  const workspace = new FakeWorkspace({ days: 60 });
  const { project, context } = workspace;
  const model = boardModel(await workspace.board({ columns: 60 }), FAKE_NOW, 'UTC');
  const plan = await workspace.plan(
    requestOf({ cells: [{ dataset: 'subscriptions', periods: ['2026-11-13'] }], reprocess: ['all'] }),
  );
  const run = runFromPlan('1847', plan, FAKE_NOW);
  const size = { columns: 80, rows: 24 };
  const state = initialState({ project, context, size, now: FAKE_NOW, columns: 60, tips: [] });
  const full: ConsoleState = {
    ...state,
    board: model,
    whole: model,
    runs: await workspace.runs(50),
    freshness: await workspace.freshness(),
    audit: await workspace.audit(50),
    sizes: await workspace.sizes(),
    scripts: [],
    models: new Map([['1847', run]]),
    runView: { ...state.runView, id: '1847' },
  };
  return sayings(SILENT, settle({ ...full, ...change(full) }, model), createClock('UTC')).lines.join('\n');
}

/** What only makes sense to eyes: boxes, bars, marks, and blanks that make columns. */
// oxlint-disable-next-line no-control-regex
const DRAWN = /[\u2500-\u259f✘✓∅▸▶›·]| {3}|\u001b/u;

it('every screen is said as it was found good', async () => {
  const screens = ['board', 'runs', 'run', 'log', 'freshness', 'files', 'scripts', 'audit', 'sizes'] as const;
  const told = await Promise.all(screens.map((screen) => saidOf(() => ({ screen }))));
  for (const text of told) expect(text).not.toMatch(DRAWN);
  await expect(`${told.join('\n\n')}\n`).toMatchFileSnapshot(join('golden', 'screen-reader.txt'));
});

it('never says a secret that is typed', async () => {
  const parameter = { name: 'user', type: 'text', description: 'Whose', secret: true } as const;
  const script = { name: 'history', description: '', file: 'h.sql', parameters: [parameter], seconds: [] };
  const fields = [{ parameter, typed: 'hunter2' }];
  const text = await saidOf(() => ({ dialog: { kind: 'parameters', script, fields, row: 0 } }));
  expect(text).toContain('user: 7 characters');
  expect(text).not.toContain('hunter2');
});

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
    const failed = () => screen.lines().filter((line) => /2026-11-13: failed/u.test(line)).length;
    const alreadyFailed = failed();
    const before = said().length;
    press('left');
    await expect(screen).toShow(/^\S+, 2026-11-12: loaded\. Version/mu);
    expect(said().length).toBe(before + 1);
    wait(120);
    press('right');
    await expect(screen).toShow(
      (lines) => lines.filter((line) => /2026-11-13: failed/u.test(line)).length === alreadyFailed + 1,
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
    // Below its title: above stands what was said of the board.
    await expect(screen).toShow(new RegExp(`${title.source}[^]*(?:${line.source})`, 'mu'));
  });
});
