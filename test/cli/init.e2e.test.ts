import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { file, Place } from './place.ts';

const FLAGS = ['init', '--dataset', 'visits', '--columns', 'id:text', '--directory', './deliveries'];

/** A place without a definition. */
async function empty(): Promise<Place> {
  const place = await Place.make('');
  rmSync(join(place.directory, 'dayboard.config.ts'));
  return place;
}

describe('init', () => {
  it('writes from flags a definition that works: the first sync loads a file', async () => {
    const place = await empty();
    const written = await place.run([...FLAGS, '--name', 'site', '--time-zone', 'Europe/Paris']);
    expect(written).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Wrote ') });
    place.deliver('visits_2024-11-14.csv', file('a', 'b'));
    expect(await place.run(['sync', '2024-11-14'])).toMatchObject({ code: 0 });
    expect(await place.query('SELECT id, delivery_day::text FROM visits ORDER BY id')).toEqual([
      { id: 'a', delivery_day: '2024-11-14' },
      { id: 'b', delivery_day: '2024-11-14' },
    ]);
    expect((await place.run(['doctor'])).code).toBe(0);
  });

  it('never replaces a definition silently', async () => {
    const place = await empty();
    place.write('dayboard.config.ts', '// mine');
    const refused = await place.run(FLAGS);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('left as it is') });
    expect(readFileSync(join(place.directory, 'dayboard.config.ts'), 'utf8')).toBe('// mine');
    const forced = await place.run([...FLAGS, '--force']);
    expect(forced).toMatchObject({ code: 0, stdout: expect.stringContaining('dayboard.config.ts.bak') });
    expect(readFileSync(join(place.directory, 'dayboard.config.ts.bak'), 'utf8')).toBe('// mine');
  });

  it.each([
    [['--dataset', 'Visits'], /datasets\[0\]\.name/],
    [['--columns', 'id'], /is no list of columns/],
    [['--columns', 'id:no type at all'], /columns\.id/],
    [['--key', 'visits.csv'], /\{period\}/],
    [['--time-zone', 'Mars/Base'], /timeZone/],
    [['--s3'], /not from both/],
  ])('with %s says what is wrong and leaves nothing behind', async (flags, message) => {
    const place = await empty();
    const ended = await place.run([...FLAGS, ...flags]);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    expect(existsSync(join(place.directory, 'dayboard.config.ts'))).toBe(false);
  });

  it('names the flag that is missing when nobody can be asked', async () => {
    const place = await empty();
    expect(await place.run(['init'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--dataset is missing'),
    });
  });

  it('asks on a terminal, with defaults, and can be left', async () => {
    const place = await empty();
    const left = place.terminal(['init']);
    await left.waitFor('Name of the project [');
    left.press('ctrl-c');
    expect((await left.exit).code).toBe(130);
    expect(existsSync(join(place.directory, 'dayboard.config.ts'))).toBe(false);
    const asked = place.terminal(['init']);
    await asked.waitFor('Name of the project [');
    asked.type('site\r');
    await asked.waitFor('days begin [UTC]');
    asked.type('\r');
    await asked.waitFor('first dataset');
    asked.type('visits\r');
    await asked.waitFor('empty for S3');
    asked.type('./deliveries\r');
    await asked.waitFor('[visits_{period}.csv]');
    asked.type('\r');
    await asked.waitFor('id:text,seen_at');
    asked.type('id:text\r');
    await asked.waitFor('The raw table [visits]');
    asked.type('\r');
    await asked.waitFor('Wrote ');
    expect((await asked.exit).code).toBe(0);
    place.deliver('visits_2024-11-14.csv', file('a'));
    expect((await place.run(['sync', '2024-11-14'])).code).toBe(0);
  });
});
