import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetInput } from '../../src/project/input.ts';
import { eventsProject, happen } from '../support/events.ts';
import { openPlace, type Place } from '../support/events-place.ts';

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'dayboard-test-follow-'));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

const FOLLOWS: DatasetInput['follows'] = [
  {
    name: 'programmes',
    column: 'kind',
    sql: `SELECT person, 'a' AS was, 'a plus' AS becomes FROM programme WHERE plus
          UNION ALL SELECT person, 'a plus', 'a' FROM programme WHERE NOT plus`,
    on: ['person'],
  },
];

async function open(): Promise<Place> {
  const place = await openPlace(cache, { follows: FOLLOWS });
  await place.target.query(`CREATE TABLE programme (person text, plus boolean);
    INSERT INTO programme VALUES ('ann', true), ('ben', false)`);
  await happen(
    place.source,
    ['2024-11-17 10:00+00', 'a', 'ann'],
    ['2024-11-18 10:00+00', 'a', 'ben'],
    ['2024-11-18 11:00+00', 'b', 'ben'],
    ['2024-11-18 12:00+00', 'a', null],
  );
  return place;
}

async function kinds({ target }: Place): Promise<string[]> {
  const found = await target.query('SELECT kind FROM public.events ORDER BY id');
  return found.rows.map(({ kind }) => kind);
}

describe('a column that follows another table', () => {
  it('has what is said when its row is loaded, so that loading it again changes nothing', async () => {
    await using place = await open();
    await place.sync('2024-11-17', '2024-11-18');
    expect(await kinds(place)).toEqual(['a plus', 'a', 'b', 'a']);
    const again = await place.board.run({
      cells: [{ dataset: 'events', periods: ['2024-11-17'] }],
      reprocess: ['all'],
    });
    const published = again.events.flatMap((event) =>
      event.type === 'step.done' && event.step.kind === 'publish' ? [event.detail] : [],
    );
    expect(published).toMatchObject([{ added: 0, removed: 0 }]);
  });

  it('changes in rows of days that are not loaded, both ways, and nowhere else', async () => {
    await using place = await open();
    await place.sync('2024-11-17', '2024-11-18');
    await place.target.query('UPDATE public.programme SET plus = NOT plus');
    await place.source.query('TRUNCATE buffer');
    await happen(place.source, ['2024-11-19 10:00+00', 'a', 'ben']);
    const { outcome, events, plan } = await place.sync('2024-11-19');
    expect(outcome.state).toBe('done');
    expect(plan.steps.map(({ kind }) => kind)).toEqual(['load', 'publish', 'follow']);
    expect(await kinds(place)).toEqual(['a', 'a plus', 'b', 'a', 'a plus']);
    const rows = events.flatMap((event) =>
      event.type === 'step.done' && event.step.kind === 'follow' ? [event.rows] : [],
    );
    expect(rows).toEqual([2]);
    // And a night in which nobody changes changes nothing.
    await happen(place.source, ['2024-11-20 10:00+00', 'b', 'ben']);
    const next = await place.sync('2024-11-20');
    expect(next.events.filter(({ type }) => type === 'step.skipped')).toHaveLength(1);
    expect(await kinds(place)).toEqual(['a', 'a plus', 'b', 'a', 'a plus', 'b']);
  });

  it('must be one of the file, outside the key, in rows that have one', () => {
    const wrong = (changes: Partial<DatasetInput>) => () => eventsProject({ follows: FOLLOWS, ...changes });
    const on = (column: string) => wrong({ follows: [{ ...FOLLOWS[0]!, column }] });
    expect(on('day')).toThrow('"day" is computed');
    expect(on('id')).toThrow('"id" is part of the key');
    expect(on('kin')).toThrow('write "kind"');
  });
});
