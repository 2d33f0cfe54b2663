import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPlace, type Place } from '../support/events-place.ts';

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'dayboard-test-prepare-'));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

async function relations({ target }: Place): Promise<string[]> {
  const found = await target.query(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname LIKE 'events%' ORDER BY 1`,
  );
  return found.rows.map(({ name }) => name);
}

describe('preparing a schema', () => {
  it('shows what would be made, and leaves nothing of it', async () => {
    await using place = await openPlace(cache);
    const prepared = await place.board.workspace.prepare(true);
    expect(prepared.done).toBe(false);
    expect(prepared.changes.map(({ statement }) => statement)).toEqual([
      expect.stringMatching(/^CREATE TABLE "public"."events"/),
      expect.stringMatching(/^CREATE UNIQUE INDEX "events_key"/),
      'CREATE INDEX "events_day" ON "public"."events" (day)',
      'CREATE INDEX ON "public"."events" ("_delivery")',
    ]);
    expect(await relations(place)).toEqual([]);
  });

  it('makes it, once, and adds what the definition has gained', async () => {
    await using place = await openPlace(cache);
    const { workspace } = place.board;
    const shown = await workspace.prepare(true);
    expect((await workspace.prepare(false)).changes).toEqual(shown.changes);
    expect(await relations(place)).toEqual(['events', 'events__delivery_idx', 'events_day', 'events_key']);
    expect((await workspace.prepare(true)).changes).toEqual([]);
    expect((await workspace.prepare(false)).changes).toEqual([]);
  });

  it('refuses in a preview what it would refuse', async () => {
    await using place = await openPlace(cache);
    await place.target.query('CREATE TABLE public.events (id integer)');
    await expect(place.board.workspace.prepare(true)).rejects.toMatchObject({ code: 'relation.columns' });
  });
});
