import { describe, expect, it } from 'vitest';
import { CONFIG, file, Place } from './place.ts';

const DAY = '2024-11-14';

async function visits(place: Place): Promise<string[]> {
  const rows = await place.query<{ id: string }>('SELECT id FROM visits ORDER BY id');
  return rows.map(({ id }) => id);
}

async function perDay(place: Place): Promise<number[]> {
  const rows = await place.query<{ visits: number }>('SELECT visits::int FROM visits_per_day');
  return rows.map((row) => row.visits);
}

/** A day that was loaded, and loaded again from a file that is bad. */
async function loadedTwice(): Promise<Place> {
  const place = await Place.make(CONFIG);
  place.deliver(`visits_${DAY}.csv`, file('a', 'b'));
  expect((await place.run(['sync', DAY, 'visits'])).code).toBe(0);
  place.deliver(`visits_${DAY}.csv`, file('a', 'x', 'y'));
  return place;
}

describe('diff', () => {
  it('says what loading what is at the source would change, and changes nothing', async () => {
    const place = await loadedTwice();
    const { code, stdout } = await place.run(['diff', DAY, 'visits']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^diff visits 2024-11-14\n {2}Version 1 is published\. With visits_2024-11-14\.csv at the source instead: 2 would come, 1 would go, 0 would change\.\n/,
    );
    expect(stdout).toMatch(/ {2}\+ id=x[^\n]*\n {2}\+ id=y[^\n]*\n {2}- id=b/);
    expect(stdout).toMatch(/visits_per_day\n +2024-11-14 +groups 1 +visits 2 -> 3/);
    expect(await visits(place)).toEqual(['a', 'b']);
    expect(await perDay(place)).toEqual([2]);
    const status = (await place.run(['status', DAY, 'visits', '--json'])).json();
    expect(status).toMatchObject([{ cells: [{ state: 'stale', version: 1 }] }]);
  });

  it('gives machines one value, and says the same of an undo', async () => {
    const place = await loadedTwice();
    await place.run(['sync', DAY, 'visits']);
    const compared = await place.run(['diff', DAY, 'visits', '--against', '1', '--json']);
    expect(compared.code).toBe(0);
    expect(compared.json()).toMatchObject([
      {
        schema: 'dayboard.diff/1',
        version: 2,
        against: { version: 1 },
        rows: { added: 1, removed: 2, changed: 0 },
        rollups: [
          { name: 'visits_per_day', buckets: [{ bucket: DAY, after: { measures: { visits: '2' } } }] },
        ],
      },
    ]);
    const other = await place.run(['diff', DAY, 'visits', '--against', '7']);
    expect(other).toMatchObject({ code: 5, stderr: expect.stringContaining('only version 1') });
  });
});

describe('undo', () => {
  it('brings the version before back, and nobody loads the bad one again by mistake', async () => {
    const place = await loadedTwice();
    await place.run(['sync', DAY, 'visits']);
    expect(await perDay(place)).toEqual([3]);
    const dry = await place.run(['undo', DAY, 'visits', '--dry-run']);
    expect(dry.stdout).toContain('Version 2 is taken back.');
    expect(await perDay(place)).toEqual([3]);
    const undone = await place.run(['undo', DAY, 'visits']);
    expect(undone).toMatchObject({ code: 0, stdout: expect.stringContaining('deliveries: 1 taken back') });
    expect(undone.stdout).toContain('version 1 is published again');
    expect(await visits(place)).toEqual(['a', 'b']);
    expect(await perDay(place)).toEqual([2]);
    expect((await place.run(['sync', DAY, 'visits'])).stdout).toContain('Nothing to do');
    const status = (await place.run(['status', DAY, 'visits', '--json'])).json();
    expect(status).toMatchObject([
      { cells: [{ state: 'loaded', version: 1, why: expect.stringContaining('took version 2') }] },
    ]);
    expect((await place.run(['sync', DAY, 'visits', '--reprocess', 'all'])).stdout).toContain('1 published');
    expect(await perDay(place)).toEqual([3]);
  });

  it('once more takes the first version back, and then there is nothing to undo', async () => {
    const place = await loadedTwice();
    expect((await place.run(['undo', DAY, 'visits'])).code).toBe(0);
    expect(await visits(place)).toEqual([]);
    const { code, stdout } = await place.run(['undo', DAY, 'visits']);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to do') });
  });

  it('of a first version leaves the day empty until somebody asks for it', async () => {
    const place = await Place.make(CONFIG);
    place.deliver(`visits_${DAY}.csv`, file('a', 'b'));
    await place.run(['sync', DAY, 'visits']);
    expect((await place.run(['undo', DAY, 'visits'])).code).toBe(0);
    const again = await place.run(['sync', DAY, 'visits']);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to do') });
    expect(await visits(place)).toEqual([]);
    expect((await place.run(['status', DAY, 'visits', '--json'])).json()).toMatchObject([
      { cells: [{ state: 'available', why: expect.stringContaining('--reprocess all') }] },
    ]);
    expect((await place.run(['sync', DAY, 'visits', '--reprocess', 'all'])).stdout).toContain('1 published');
    expect(await visits(place)).toEqual(['a', 'b']);
  });
});
