import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { boardModel } from '../../src/console/board-model.ts';
import { settle } from '../../src/console/board-cursor.ts';
import { createClock } from '../../src/console/clock.ts';
import { draw } from '../../src/console/draw.ts';
import { runFromPlan } from '../../src/console/run-model.ts';
import { type Screen, SCREENS } from '../../src/actions/action.ts';
import { type ConsoleState, initialState } from '../../src/console/state.ts';
import { createTheme } from '../../src/console/theme.ts';
import { displayWidth } from '../../src/console/width.ts';
import type { ScriptSummary } from '../../src/plan/script.ts';
import { FAKE_NOW, FakeWorkspace } from '../support/fake-workspace.ts';
import { requestOf } from '../support/workspace.ts';

/*
 * Every screen at three sizes, as it was looked at and found good: `./scripts/test golden -u` writes them anew, and the
 * difference is to be read as the pictures that they are.
 */

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
  { columns: 300, rows: 80 },
] as const;

const THEME = createTheme({ ascii: false, color: 'none', background: 'dark' });
const CLOCK = createClock('UTC');
// oxlint-disable-next-line no-control-regex
const SGR = /\u001b\[[\d;]*m/gu;

const SCRIPTS: ScriptSummary[] = [
  {
    name: 'visits_of_day',
    description: 'Visits and users of a day by platform, beside the same day of the week before',
    file: '/srv/site/scripts/visits_of_day.sql',
    parameters: [{ name: 'day', type: 'date', default: 'yesterday', description: 'Which day' }],
    lastRun: { id: '1841', state: 'done', startedAt: FAKE_NOW, by: 'ann' },
    seconds: [2.1, 2.3, 2.2, 4.8, 2.4],
  },
  {
    name: 'user_history',
    description: 'When somebody was there',
    file: '/srv/site/scripts/user_history.sql',
    parameters: [{ name: 'user', type: 'text', description: 'Whose', secret: true }],
    seconds: [],
  },
];

async function stateOf(screen: Screen, size: ConsoleState['size']): Promise<ConsoleState> {
  const workspace = new FakeWorkspace({ days: 400 });
  const { project, context } = workspace;
  const model = boardModel(await workspace.board({ columns: 400 }), FAKE_NOW, 'UTC');
  const plan = await workspace.plan(
    requestOf({ cells: [{ dataset: 'subscriptions', periods: ['2026-11-13'] }], reprocess: ['all'] }),
  );
  const run = runFromPlan('1847', plan, FAKE_NOW);
  const notes = run.steps.map((step) => ({
    at: FAKE_NOW,
    step: { seq: step.seq, kind: 'load' as const, target: step.target },
    message: `${step.target} goes well`,
    tone: 'plain' as const,
  }));
  const state = initialState({ project, context, size, now: FAKE_NOW, columns: 400, tips: [] });
  return settle(
    {
      ...state,
      board: model,
      whole: model,
      runs: await workspace.runs(50),
      freshness: await workspace.freshness(),
      audit: await workspace.audit(50),
      sizes: await workspace.sizes(),
      scripts: SCRIPTS,
      models: new Map([['1847', { ...run, notes }]]),
      runView: { ...state.runView, id: '1847' },
      screen,
    },
    model,
  );
}

describe.each(SIZES)('at $columns x $rows', (size) => {
  it.each(SCREENS)('the screen %s is as it was found good', async (screen) => {
    const { lines } = draw(await stateOf(screen, size), THEME, CLOCK);
    const plain = lines.map((line) => line.replaceAll(SGR, '').trimEnd());
    expect(lines).toHaveLength(size.rows);
    for (const line of plain) expect(displayWidth(line)).toBeLessThanOrEqual(size.columns);
    await expect(`${plain.join('\n')}\n`).toMatchFileSnapshot(
      join('golden', `${screen}-${size.columns}x${size.rows}.txt`),
    );
  });
});
