import { describe, expect, it } from 'vitest';
import { restoreErrors } from '../../src/load/schema-copy/verdict.ts';

/** What pg_restore writes about one statement that failed, and goes on after. */
function failed(error: string, command: string): string[] {
  return [
    'pg_restore: while PROCESSING TOC:',
    'pg_restore: from TOC entry 217; 1259 16390 TABLE conseiller owner',
    `pg_restore: error: could not execute query: ERROR:  ${error}`,
    `Command was: ${command}`,
  ];
}

function verdicts(...lines: string[]): boolean[] {
  return restoreErrors(lines).map(({ harmless }) => harmless);
}

describe('errors of pg_restore', () => {
  it.each([
    ['role "app" does not exist', 'ALTER TABLE public.jeune OWNER TO app;'],
    ['must be owner of extension postgis', "COMMENT ON EXTENSION postgis IS 'x';"],
    ['schema "public" already exists', 'CREATE SCHEMA public;'],
    ['cannot drop schema public because other objects depend on it', 'DROP SCHEMA IF EXISTS public;'],
    ['unrecognized configuration parameter "transaction_timeout"', 'SET transaction_timeout = 0;'],
  ])('are harmless: %s', (error, command) => {
    expect(verdicts(...failed(error, command))).toEqual([true]);
  });

  it.each([
    [
      'cannot drop table public.jeune because other objects depend on it',
      'DROP TABLE IF EXISTS public.jeune;',
    ],
    ['relation "jeune" already exists', 'CREATE TABLE public.jeune (id integer);'],
    ['permission denied for schema public', 'CREATE TABLE public.jeune (id integer);'],
    ['type "public.geometry" does not exist', 'CREATE TABLE public.agence (place public.geometry);'],
    ['could not create unique index "jeune_pkey"', 'ALTER TABLE ONLY public.jeune ADD CONSTRAINT …'],
    ['something nobody has seen before', 'SELECT 1;'],
  ])('are fatal: %s', (error, command) => {
    expect(verdicts(...failed(error, command))).toEqual([false]);
  });

  it('are fatal when they are no statement: a COPY that broke off, a server that went', () => {
    expect(
      verdicts(
        'pg_restore: error: COPY failed for table "jeune": ERROR:  invalid byte sequence',
        'pg_restore: error: could not write to output file: No space left on device',
      ),
    ).toEqual([false, false]);
  });

  it('are told from warnings and from progress', () => {
    expect(
      verdicts(
        'pg_restore: creating TABLE "public.jeune"',
        'pg_restore: warning: errors ignored on restore: 1',
      ),
    ).toEqual([]);
  });
});
