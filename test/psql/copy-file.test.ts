import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from 'pg';
import { expect, it } from 'vitest';
import { runScript } from '../../src/psql/script.ts';
import { createTestDatabase } from '../support/postgres.ts';

it('a file of many pieces is copied without leaving listeners on the connection', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'dayboard-copy-'));
  const database = await createTestDatabase();
  try {
    const line = `${'x'.repeat(1023)}\n`;
    await writeFile(join(directory, 'rows.csv'), line.repeat(8 * 1024));
    await writeFile(
      join(directory, 'script.sql'),
      "create table rows (x text);\n\\copy rows from 'rows.csv' csv\n",
    );
    const client = await database.connect();
    const { connection } = client as typeof client & { connection: Connection };
    const before = connection.stream.listenerCount('close');
    let stdout = '';
    const code = await runScript({
      client,
      file: 'script.sql',
      directory,
      env: {},
      stdin: async function* () {},
      stdout: (data) => void (stdout += data.toString()),
      stderr: (text) => void (stdout += text),
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'CREATE TABLE\nCOPY 8192\n' });
    expect(connection.stream.listenerCount('close')).toBe(before);
    expect(connection.stream.listenerCount('drain')).toBe(0);
  } finally {
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  }
});
