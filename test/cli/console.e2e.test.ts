import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONFIG, daysAgo, file, Place } from './place.ts';

async function withBoard(): Promise<Place> {
  const place = await Place.make(CONFIG);
  place.deliver(`visits_${daysAgo(1)}.csv`, file('a'));
  await place.run(['sync', 'yesterday', 'visits']);
  return place;
}

describe('dayboard alone', () => {
  it('opens the console on what the environment says, and q leaves the terminal as it was', async () => {
    const place = await withBoard();
    const terminal = place.terminal([]);
    const board = await terminal.waitFor('no_robots');
    expect(board.join('\n')).toMatch(/board +DEFAULT/i);
    terminal.press('q');
    const left = await terminal.waitFor('site in default');
    expect(left.join('\n')).not.toContain('no_robots');
    expect((await terminal.exit).code).toBe(0);
  });

  it('opens the next time on the context that it was last given, and never other commands', async () => {
    const place = await withBoard();
    const contexts = { look: { readOnly: true } };
    place.write('user-config/dayboard/config.json', JSON.stringify({ contexts }));
    const given = place.terminal(['--context', 'look']);
    await given.waitFor('no_robots');
    given.press('q');
    await given.exit;
    const kept = JSON.parse(
      readFileSync(join(place.directory, 'user-config/dayboard/config.json'), 'utf8'),
    ) as object;
    expect(kept).toEqual({ contexts, lastContext: 'look' });
    const next = place.terminal([]);
    expect((await next.waitFor('no_robots')).join('\n')).toMatch(/board +LOOK/i);
    next.press('q');
    await next.exit;
    expect((await place.run(['status', '--json'])).json()).toMatchObject([{ context: 'default' }]);
  });

  it('ends on SIGTERM with 130 and gives the terminal back', async () => {
    const place = await withBoard();
    const terminal = place.terminal([]);
    await terminal.waitFor('no_robots');
    terminal.kill('SIGTERM');
    expect((await terminal.exit).code).toBe(130);
    // What it wrote last is still on its way to the screen.
    await terminal.waitFor((screen) => !screen.join('').includes('no_robots'));
  });

  it('needs a terminal', async () => {
    const place = await withBoard();
    expect(await place.run([])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('needs a terminal'),
    });
  });
});
