import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Project } from '../../src/project/model.ts';
import { defineProject } from '../../src/index.ts';
import { CONFIG, Place } from '../cli/place.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openTestWorkspace } from '../support/workspace.ts';

const root = mkdtempSync(join(tmpdir(), 'dayboard-test-hostile-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Quotes, statements, comments, what JavaScript and Unicode make special, and as many bytes as a name may have. */
const NAMES = [
  `x"; DROP TABLE canary; --`,
  `x'; DROP TABLE canary; --`,
  '$$; DROP TABLE canary; $$',
  '%I %s $1 {0} \\',
  'ärger🚀 名',
  'CamelCase select',
  'constructor',
  'n'.repeat(63),
  `${'ü'.repeat(31)}x`,
];

/** A project whose schema, table, columns, index, rollup's view and its columns all have this name, or nearly. */
function projectOf(name: string, folder: string): Project {
  const short = (suffix: string) => {
    const bytes = Buffer.from(name)
      .subarray(0, 63 - suffix.length)
      .toString();
    return `${bytes.replace(/\uFFFD+$/u, '')}${suffix}`;
  };
  return defineProject({
    name: 'hostile',
    sources: { files: { kind: 'directory', path: folder } },
    datasets: [
      {
        name: 'visits',
        key: 'visits_{period}.csv',
        carries: { kind: 'window', key: [name, short('d')], winner: 'newest' },
        file: [
          { header: name, column: name },
          { header: 'day', column: short('d') },
        ],
        table: {
          schema: name,
          name,
          columns: { [name]: 'text', [short('d')]: 'date' },
          indexes: [{ name: short('i'), columns: [`"${name.replaceAll('"', '""')}"`] }],
          partitionBy: short('d'),
        },
      },
    ],
    rollups: [
      {
        name: 'per_day',
        over: 'visits',
        groups: { [short('d')]: 'date' },
        measures: { visits: { kind: 'count' } },
        bucket: { group: short('d') },
        published: { schema: 'p', name: 'per_day' },
      },
    ],
  } as unknown as Parameters<typeof defineProject>[0]).resolve({});
}

describe('names of a definition', () => {
  it.each(NAMES)('are only names: %s', async (name) => {
    await using database = await createTestDatabase();
    const client = await database.connect();
    await client.query('CREATE TABLE canary (); CREATE SCHEMA p');
    const folder = mkdtempSync(join(root, 'deliveries-'));
    const quoted = `"${name.replaceAll('"', '""')}"`;
    for (const [day, ids] of [
      ['13', ['a', 'b']],
      ['14', ['b', 'c']],
    ] as const) {
      const rows = ids.map((id) => `${id},2024-11-${day}`).join('\n');
      writeFileSync(join(folder, `visits_2024-11-${day}.csv`), `${quoted},day\n${rows}\n`);
    }
    await using board = await openTestWorkspace({
      project: projectOf(name, folder),
      env: { DATABASE_URL: database.url },
      cacheDirectory: join(folder, 'cache'),
      now: () => '2024-11-15T07:40:00.000Z',
    });
    const cells = [{ dataset: 'visits', periods: ['2024-11-13', '2024-11-14'] }];
    const { outcome, events } = await board.run({ cells });
    expect({ outcome, failed: events.filter((event) => event.type === 'step.failed') }).toMatchObject({
      outcome: { state: 'done' },
      failed: [],
    });
    const rows = async () =>
      (await client.query(`SELECT count(*)::int AS rows FROM ${quoted}.${quoted}`)).rows[0] as {
        rows: number;
      };
    expect(await rows()).toEqual({ rows: 4 });
    const undone = await board.run({
      command: 'undo',
      cells: [{ dataset: 'visits', periods: ['2024-11-14'] }],
    });
    expect(undone.outcome).toMatchObject({ state: 'done' });
    expect(await rows()).toEqual({ rows: 2 });
    await board.workspace.board({ columns: 3 });
    const summed = await client.query('SELECT sum(visits)::int AS rows FROM p.per_day');
    expect(summed.rows).toEqual([{ rows: 2 }]);
    await client.query('SELECT FROM canary');
  });

  it.each(['__proto__', 'a'.repeat(64), 'ü'.repeat(32), 'a\u0000b', 'a\u001b]0;x\u0007'])(
    'that PostgreSQL would change, or no terminal should see, are refused: %j',
    (name) => {
      expect(() => projectOf(name, '/')).toThrow(
        expect.objectContaining({ code: 'config.invalid', kind: 'usage' }),
      );
    },
  );
});

describe('SQL where a date, a name or a number belongs', () => {
  it('is refused as no date, name or number, and reaches no server', async () => {
    const place = await Place.make(CONFIG);
    await place.query('CREATE TABLE canary ()');
    place.write('day.sql', '-- param day date = yesterday\nSELECT :day;\n');
    const sql = "2024-11-14'; DROP TABLE canary; --";
    for (const args of [
      ['sync', sql],
      ['status', sql],
      ['plan', `2024-11-01..${sql}`],
      ['undo', sql, 'visits'],
      ['diff', sql, 'visits'],
      ['sync', '2024-11-14', sql],
      ['refresh', sql],
      ['check', sql],
      ['freshness', sql],
      ['adopt', sql],
      ['fetch', sql],
      ['import', sql],
      ['cleanup', sql],
      ['copy', sql],
      ['script', 'day.sql', '-v', `day=${sql}`],
      ['script', 'day.sql', '--lock-timeout', sql],
      ['script', 'day.sql', '--statement-timeout', sql],
      ['runs', 'show', sql],
      ['runs', '--limit', sql],
      ['cancel', sql],
    ]) {
      const ended = await place.run([...args, '--json']);
      expect({ args, code: ended.code }).toEqual({ args, code: 2 });
      expect(ended.json()).toMatchObject([
        { schema: 'dayboard.error/1', code: expect.stringMatching(/^(usage|script.parameter)/) },
      ]);
    }
    await place.query('SELECT FROM canary');
  });
});
