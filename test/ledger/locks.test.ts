import { describe, expect, it } from 'vitest';
import {
  aliveRuns,
  lockHolders,
  lockKey,
  releaseLock,
  takeLock,
  tryLock,
  waitForLock,
} from '../../src/ledger/locks.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import { until } from '../support/until.ts';

const target = 'delivery visits 2024-11-14';
const ann = { user: 'ann', host: 'bastion', pid: 11 };
const ben = { user: 'ben', host: 'cron', pid: 22 };

describe('a lock', () => {
  it('tells the second operator who holds it, since when and in which run', async () => {
    await using database = await createLedgerDatabase();
    const [first, second] = await Promise.all([database.connect(), database.connect()]);
    await takeLock(first, { project: 'p', target, actor: ann, run: '7' });
    await expect(takeLock(second, { project: 'p', target, actor: ben })).rejects.toMatchObject({
      code: 'lock.held',
      kind: 'refused',
      facts: { holder: 'ann', host: 'bastion', pid: 11, run: '7' },
      next: expect.stringContaining('dayboard runs follow 7'),
    });
  });

  it('of another project is another lock', async () => {
    await using database = await createLedgerDatabase();
    const [first, second] = await Promise.all([database.connect(), database.connect()]);
    await takeLock(first, { project: 'p', target, actor: ann });
    expect((await tryLock(second, { project: 'q', target, actor: ben })).held).toBe(true);
    expect(lockKey('p', target)).not.toBe(lockKey('q', target));
  });

  it('frees itself when its holder dies, although its row is still there', async () => {
    await using database = await createLedgerDatabase();
    const [first, second] = await Promise.all([database.connect(), database.connect()]);
    await takeLock(first, { project: 'p', target, actor: ann });
    const backend = (await first.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    first.on('error', () => undefined);
    await second.query('SELECT pg_terminate_backend($1)', [backend]);
    await until(async () => (await lockHolders(second, 'p')).length === 0);
    expect((await second.query('SELECT count(*)::int AS n FROM dayboard.lock')).rows[0].n).toBe(1);
    await takeLock(second, { project: 'p', target, actor: ben });
    expect(await lockHolders(second, 'p')).toMatchObject([{ by: 'ben' }]);
  });

  it('goes to who waits for it once it is released', async () => {
    await using database = await createLedgerDatabase();
    const [first, second] = await Promise.all([database.connect(), database.connect()]);
    await takeLock(first, { project: 'p', target: 'table visits', actor: ann });
    const waiting = waitForLock(second, { project: 'p', target: 'table visits', actor: ben });
    await releaseLock(first, 'p', 'table visits');
    await waiting;
    expect(await lockHolders(first, 'p', ['table visits'])).toMatchObject([{ by: 'ben' }]);
  });

  it('is given back although its row cannot be deleted, and with the connection where that fails, too', async () => {
    await using database = await createLedgerDatabase();
    const [first, second] = await Promise.all([database.connect(), database.connect()]);
    const request = { project: 'p', target: 'table visits', actor: ann } as const;
    await second.query(`CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100', MESSAGE = 'no space left'; END $$;
      CREATE TRIGGER no_space BEFORE DELETE ON dayboard.lock FOR EACH ROW EXECUTE FUNCTION no_space()`);
    await takeLock(first, request);
    await releaseLock(first, 'p', 'table visits');
    expect((await tryLock(second, request)).held).toBe(true);
    await releaseLock(second, 'p', 'table visits');
    await takeLock(first, request);
    await first.query('BEGIN');
    await expect(first.query('SELECT 1 / 0')).rejects.toThrow('division by zero');
    await releaseLock(first, 'p', 'table visits');
    await until(async () => (await tryLock(second, request)).held);
  });

  it('of a run tells whether its process lives', async () => {
    await using database = await createLedgerDatabase();
    const [first, second] = await Promise.all([database.connect(), database.connect()]);
    await takeLock(first, { project: 'p', target: 'run 12', actor: ann, run: '12' });
    expect(await aliveRuns(second, 'p')).toEqual(['12']);
    await first.end();
    await until(async () => (await aliveRuns(second, 'p')).length === 0);
  });
});
