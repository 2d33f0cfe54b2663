import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  definitionHash,
  foreignRelation,
  recordRelation,
  relationState,
} from '../../src/ledger/relations.ts';
import { createLedgerDatabase } from '../support/ledger.ts';

let client: pg.Client;
beforeAll(async () => {
  client = await (await createLedgerDatabase()).connect();
});

const MADE = { kind: 'raw', owner: 'visits', definitionHash: 'h1' } as const;

describe('whose a relation is', () => {
  it('is nobody’s when nothing has the name', async () => {
    expect(await relationState(client, 'p', { schema: 'public', name: 'nothing' })).toEqual({
      owner: 'absent',
    });
  });

  it('is ours once it is recorded, with the definition that it was made by', async () => {
    const relation = { schema: 'public', name: 'Ours "quoted"' };
    await client.query('CREATE TABLE public."Ours ""quoted""" (id int)');
    expect(await relationState(client, 'p', relation)).toEqual({ owner: 'foreign', relkind: 'r' });
    await recordRelation(client, 'p', relation, MADE);
    expect(await relationState(client, 'p', relation)).toEqual({
      owner: 'ours',
      relkind: 'r',
      definitionHash: 'h1',
    });
    await recordRelation(client, 'p', relation, { ...MADE, definitionHash: 'h2' });
    expect(await relationState(client, 'p', relation)).toMatchObject({ definitionHash: 'h2' });
  });

  it('is somebody else’s when another relation took the name of one that we made', async () => {
    const relation = { schema: 'public', name: 'namesake' };
    await client.query('CREATE TABLE public.namesake (id int)');
    await recordRelation(client, 'p', relation, MADE);
    await client.query('DROP TABLE public.namesake; CREATE VIEW public.namesake AS SELECT 1 AS id');
    expect(await relationState(client, 'p', relation)).toEqual({ owner: 'foreign', relkind: 'v' });
  });

  it('is somebody else’s for another project in the same database', async () => {
    const relation = { schema: 'public', name: 'of_p' };
    await client.query('CREATE TABLE public.of_p (id int)');
    await recordRelation(client, 'p', relation, MADE);
    expect(await relationState(client, 'q', relation)).toMatchObject({ owner: 'foreign' });
  });
});

describe('a relation that is in the way', () => {
  it('is named, with what was left and every choice', () => {
    const error = foreignRelation({ schema: 'stats', name: 'days' }, 'the rollup days');
    expect(error.toJSON()).toEqual({
      code: 'relation.foreign',
      message:
        'stats.days exists and was not made by dayboard, so the rollup days is not put there. Nothing was changed.',
      facts: { relation: 'stats.days' },
      next: expect.stringMatching(/Rename yours.*name another relation.*'stats\.days': 'keep'.*'replace'/),
    });
    expect(error.kind).toBe('refused');
  });
});

describe('the hash of a definition', () => {
  it('is the same for the same definition, and another for another', () => {
    expect(definitionHash(['a', { b: 1 }])).toBe(definitionHash(['a', { b: 1 }]));
    expect(definitionHash(['a', { b: 1 }])).not.toBe(definitionHash(['a', { b: 2 }]));
  });
});
