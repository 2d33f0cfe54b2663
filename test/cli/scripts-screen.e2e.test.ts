import { describe, expect, it } from 'vitest';
import { CONFIG, daysAgo, file, Place } from './place.ts';

const SCRIPT = `-- description: Counts the visits of a day
-- param day date = yesterday  Which day
-- param who text secret  Whose
SELECT :'day' AS day, count(*) AS found FROM visits WHERE id <> :'who';
`;

async function withScripts(): Promise<Place> {
  const place = await Place.make(
    CONFIG.replace(
      "name: 'site',",
      "name: 'site',\n  scripts: [{ name: 'count_day', file: 'count_day.sql' }],",
    ),
  );
  place.write('count_day.sql', SCRIPT);
  place.deliver(`visits_${daysAgo(1)}.csv`, file('a'));
  await place.run(['sync', 'yesterday', 'visits']);
  return place;
}

describe('the scripts of the console', () => {
  it('are filled in, planned, run and read, and the list knows how it went', async () => {
    const place = await withScripts();
    const terminal = place.terminal([]);
    await terminal.waitFor('no_robots');
    terminal.press('5');
    const list = await terminal.waitFor('Counts the visits of a day');
    expect(list.join('\n')).toMatch(/count_day +never run/);
    terminal.press('enter');
    const form = await terminal.waitFor('must be given');
    expect(form.join('\n')).toMatch(/day +yesterday/);
    terminal.press('ctrl-u');
    terminal.type('2024-11-14');
    terminal.press('enter');
    await terminal.waitFor('The script needs who');
    terminal.press('tab');
    terminal.type('camille');
    await terminal.waitFor('*******');
    terminal.press('enter');
    const plan = await terminal.waitFor('who = ***');
    expect(plan.join('\n')).toMatch(/4 +reads +SELECT '2024-11-14' AS day/);
    terminal.press('enter');
    // Not "run 1 is done", which its last event brings: until the ledger has its end, q would ask.
    await terminal.waitFor(/Run \d+ is done/);
    terminal.press('o');
    await terminal.waitFor('follow on');
    await terminal.waitFor(/ \d\d:\d\d:\d\d +2024-11-14 \| +1/);
    terminal.press('esc');
    await terminal.waitFor('USUALLY');
    terminal.press('esc');
    await terminal.waitFor(/count_day +\d+ done/);
    terminal.press('q');
    expect((await terminal.exit).code).toBe(0);
  });
});
