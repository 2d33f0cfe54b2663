import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runScript } from '../../src/psql/script.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

let directory: string;
let database: TestDatabase;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dayboard-copy-'));
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

async function run(script: string): Promise<{ code: number; stdout: string; connection: Connection }> {
  await writeFile(join(directory, 'script.sql'), script);
  const client = await database.connect();
  let stdout = '';
  try {
    const code = await runScript({
      client,
      file: 'script.sql',
      directory,
      env: {},
      stdin: async function* () {},
      stdout: (data) => void (stdout += data.toString()),
      stderr: (text) => void (stdout += text),
    });
    const { connection } = client as typeof client & { connection: Connection };
    return { code, stdout, connection };
  } finally {
    await client.end();
  }
}

it('a file of many pieces is copied without leaving listeners on the connection', async () => {
  const line = `${'x'.repeat(1023)}\n`;
  await writeFile(join(directory, 'rows.csv'), line.repeat(8 * 1024));
  const { code, stdout, connection } = await run(
    "create temp table rows (x text);\n\\copy rows from 'rows.csv' csv\n",
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'CREATE TABLE\nCOPY 8192\n' });
  expect(connection.stream.listenerCount('drain')).toBe(0);
  expect(connection.stream.listenerCount('close')).toBeLessThan(5);
});

it('rows of every size are written to a file as they are', async () => {
  // Shorter and longer than a piece, and together more than what is read from the network at once.
  const sizes = [
    1,
    100_000,
    300_000,
    7,
    262_143,
    262_144,
    262_145,
    0,
    600_000,
    ...Array(2_000).fill(501),
  ] as number[];
  const lines = sizes.map((size, at) => String.fromCharCode(97 + (at % 26)).repeat(size));
  await writeFile(join(directory, 'in.csv'), `${lines.map((line) => `"${line}"`).join('\n')}\n`);
  const { code, stdout } = await run(
    "create temp table rows (n serial, x text);\n\\copy rows (x) from 'in.csv' csv\n\\copy (select x from rows order by n) to 'out.csv' csv force quote *\n",
  );
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: `CREATE TABLE\nCOPY ${sizes.length}\nCOPY ${sizes.length}\n`,
  });
  const [given, back] = await Promise.all(
    ['in.csv', 'out.csv'].map((name) => readFile(join(directory, name), 'utf8')),
  );
  expect(back === given).toBe(true);
});
