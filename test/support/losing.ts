import type { Lend } from '../../src/load/publish/spread.ts';
import { hooked } from './hooked.ts';
import type { TestDatabase } from './postgres.ts';

/** Lends two connections that the server ends when they come to a statement; `lost` counts those. */
export async function losing(database: TestDatabase, at: RegExp) {
  const admin = await database.connect();
  const ready = await Promise.all(
    [1, 2].map(async () => {
      const other = await database.connect();
      other.on('error', () => undefined);
      const found = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      return hooked(other, async (_, sql) => {
        if (!at.test(sql)) return;
        lost.count += 1;
        await admin.query('SELECT pg_terminate_backend($1, 5000)', [found.rows[0]?.pid]);
      });
    }),
  );
  const lost = { count: 0 };
  const lend: Lend = async (work) => {
    const other = ready.pop();
    if (other !== undefined) await work(other);
  };
  return { lend, lost };
}
