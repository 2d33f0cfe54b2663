import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { CONFIG, daysAgo, file, Place } from './place.ts';

/** Somebody's own table of visits, filled by them until now. */
async function aPlace(): Promise<Place> {
  const place = await Place.make(CONFIG);
  await place.query(`
    CREATE TABLE public.visits (id text NOT NULL, day date NOT NULL);
    INSERT INTO public.visits SELECT 'v' || n, date '${daysAgo(9)}' + n % 5 FROM generate_series(1, 50) n;
    CREATE TABLE public.visits_per_day AS SELECT day, count(*) AS visits FROM public.visits GROUP BY day;
    CREATE VIEW public.ids AS SELECT DISTINCT id FROM public.visits`);
  return place;
}

const kindOf = async (place: Place) =>
  (
    await place.query<{ kind: string }>(
      `SELECT relkind AS kind FROM pg_class WHERE oid = 'public.visits'::regclass`,
    )
  )[0]?.kind;

describe('adopt, as a process', () => {
  it('that is killed is run again and goes on; then days are loaded into the partitions', async () => {
    const place = await aPlace();
    const holder = await place.database.connect();
    await holder.query('BEGIN; SELECT count(*) FROM public.ids');
    const killed = place.start(['adopt', 'visits', '--yes']);
    await killed.says('waiting for a moment in which nobody uses it');
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(await kindOf(place)).toBe('r');
    await holder.query('COMMIT');
    await holder.end();

    // The server notices that the process is gone, and its lock with it.
    const again = await until(async () => {
      const ended = await place.run(['adopt', 'visits', '--yes', '--json']);
      return ended.code === 5 && ended.stdout.includes('lock.held') ? undefined : ended;
    });
    expect(again?.code).toBe(0);
    expect(again?.json()).toMatchObject([{ schema: 'dayboard.adoption/1', state: 'finished' }]);
    expect(await kindOf(place)).toBe('p');
    expect(await place.query('SELECT count(*)::int AS n FROM public.ids')).toEqual([{ n: 50 }]);

    // Their own count of visits is in the way of the rollup's: it is compared, and the rollup takes its place.
    expect(await place.run(['sync', daysAgo(9), 'visits'])).toMatchObject({
      stderr: expect.stringContaining('dayboard adopt visits_per_day'),
    });
    expect(await place.run(['adopt', 'visits_per_day', '--yes'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('5 rows there, 5 in the rollup: the same'),
    });
    place.deliver(`visits_${daysAgo(9)}.csv`, file('new'));
    expect((await place.run(['sync', daysAgo(9), 'visits'])).code).toBe(0);
    expect(await place.query(`SELECT id FROM public.visits WHERE day = '${daysAgo(9)}'`)).toEqual([
      { id: 'new' },
    ]);
    expect(await place.query('SELECT sum(visits)::int AS n FROM public.visits_per_day')).toEqual([{ n: 41 }]);
  });

  it('shows, switches, and takes back; what is left is told', async () => {
    const place = await aPlace();
    const plan = await place.run(['adopt', 'visits', '--dry-run']);
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringContaining('public.ids') });
    expect(await place.run(['adopt', 'visits'])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('--yes'),
    });
    expect(await kindOf(place)).toBe('r');
    const switched = await place.run(['adopt', 'visits', '--yes', '--step', 'switch']);
    expect(switched).toMatchObject({ code: 0, stdout: expect.stringContaining('can still be restored') });
    expect(await kindOf(place)).toBe('p');
    const doctor = await place.run(['doctor']);
    expect(doctor.stdout).toMatch(/Relation public\.visits: Its adoption is under way[^]*--back/);
    expect((await place.run(['adopt', 'visits', '--back', '--yes'])).code).toBe(0);
    expect((await place.run(['doctor'])).stdout).toContain('dayboard adopt visits --dry-run');
    expect(await kindOf(place)).toBe('r');
    expect(await place.run(['adopt', 'visits', '--back', '--yes'])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('No adoption of public.visits is under way'),
    });
  });
});
