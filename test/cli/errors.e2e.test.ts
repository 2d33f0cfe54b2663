import { createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { startTestS3, type TestS3 } from '../support/s3.ts';
import { CONFIG, file, Place } from './place.ts';

const SECRET = 'correct-horse-battery';

let place: Place;
beforeAll(async () => {
  place = await Place.make(CONFIG);
  place.secrets.push(SECRET);
  place.deliver('visits_2024-11-13.csv', file('a'));
  await place.run(['sync', '2024-11-13', 'visits']);
});

/** The database's URL with other parts. */
function url(change: (parts: URL) => void): string {
  const parts = new URL(place.database.url);
  change(parts);
  return parts.href;
}

/** A port that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a wrong word on the command line', () => {
  it.each([
    [['sync', '2024-11-14', 'visit'], 'usage.dataset', /Did you mean "visits"\?/],
    [['sync', '2024-11-14', 'pushers'], 'usage.dataset-off', /takes 40 GB and is not used/],
    [['sync', '2024-02-30'], 'usage.period', /"2024-02-30" is not a day, week, month or year/],
    [['sync', 'visits'], 'usage.period', /periods stand before datasets/],
    [['status', '2024-13-01'], 'usage.period', /"2024-13-01"/],
    [['status', 'yesterday', 'nothing'], 'usage.name', /There is no dataset "nothing"/],
    [['--context', 'prod', 'status'], 'usage.context', /There is no context "prod"/],
    [['--config', 'nowhere.ts', 'status'], 'config.not-found', /There is no config file/],
  ])('%s ends with 2', async (argv, code, message) => {
    const json = await place.run([...argv, '--json']);
    expect(json).toMatchObject({ code: 2, stderr: '' });
    expect(json.json()).toMatchObject([
      { schema: 'dayboard.error/1', code, exitCode: 2, message: expect.stringMatching(message) },
    ]);
    const text = await place.run(argv);
    expect(text).toMatchObject({ code: 2, stdout: '' });
    expect(text.stderr).toMatch(message);
    expect(text.stderr).not.toMatch(/^ +at /m);
  });
});

describe('a database that cannot be used', () => {
  const cases: Array<[name: string, env: () => Promise<Record<string, string>>, code: string]> = [
    [
      'wrong password',
      async () => ({ DATABASE_URL: url((parts) => (parts.password = SECRET)) }),
      'database.credentials',
    ],
    [
      'missing database',
      async () => ({ DATABASE_URL: url((parts) => (parts.pathname = '/no_such_database')) }),
      'database.missing',
    ],
    [
      'host where nothing listens',
      async () => {
        const port = await closedPort();
        return { DATABASE_URL: url((parts) => (parts.port = String(port))) };
      },
      'database.unreachable',
    ],
    [
      'unknown host',
      async () => ({ DATABASE_URL: `postgres://op:${SECRET}@db.invalid/stats` }),
      'database.unreachable',
    ],
  ];

  it.each(cases)(
    '%s: sync and status end with 1, say where and what to do, and no secret',
    async (_, env, code) => {
      for (const command of [['sync', '2024-11-14'], ['status']]) {
        const ended = await place.run([...command, '--json'], await env());
        expect(ended.code).toBe(1);
        expect(ended.json()).toMatchObject([
          { code, next: expect.any(String), facts: { database: expect.stringContaining('@') } },
        ]);
      }
    },
  );

  it('doctor tells it as a finding and ends with 1', async () => {
    const ended = await place.run(['doctor'], { DATABASE_URL: url((parts) => (parts.password = SECRET)) });
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(/fail +PostgreSQL: PostgreSQL refused the user or password/);
    expect(ended.stdout).toMatch(/pass +Source files/);
  });

  it('that nobody named, and a URL that is none, end with 2', async () => {
    const none = await place.run(['status', '--json'], { DATABASE_URL: undefined });
    expect(none).toMatchObject({ code: 2 });
    expect(none.json()).toMatchObject([
      { code: 'config.database-missing', next: expect.stringContaining('DATABASE_URL') },
    ]);
    const wrong = await place.run(['status', '--json'], { DATABASE_URL: `mysql://op:${SECRET}@db/stats` });
    expect(wrong).toMatchObject({ code: 2 });
  });

  it('where a right is missing says so and leaves what was published as it was', async () => {
    await place.query(`CREATE ROLE "limited" LOGIN PASSWORD '${SECRET}'`);
    try {
      const env = {
        DATABASE_URL: url((parts) => Object.assign(parts, { username: 'limited', password: SECRET })),
      };
      const ended = await place.run(['sync', '2024-11-14', 'visits', '--json'], env);
      expect(ended.code).toBe(1);
      expect(ended.json()).toMatchObject([
        { code: 'database.permission', next: expect.stringContaining('dayboard doctor') },
      ]);
      expect(await place.query('SELECT id FROM visits')).toEqual([{ id: 'a' }]);
    } finally {
      await place.query('DROP ROLE "limited"');
    }
  });
});

describe('an S3 that cannot be used', () => {
  let s3: TestS3;
  beforeAll(async () => {
    s3 = await startTestS3();
    place.secrets.push(s3.secretAccessKey);
    await s3.put('visits_2024-11-14.csv', file('a', 'b'));
  });

  const access = (changes: Record<string, string> = {}) => ({
    S3_BUCKET_NAME: s3.bucket,
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    ...changes,
  });

  it('is used when its variables are right', async () => {
    expect(await place.run(['sync', '2024-11-14', 'visits'], access())).toMatchObject({ code: 0 });
  });

  it.each([
    ['a wrong key', { S3_SECRET_ACCESS_KEY: SECRET }, 'source.credentials'],
    ['an unknown access key id', { S3_ACCESS_KEY_ID: 'AKIANOBODY' }, 'source.credentials'],
    ['a missing bucket', { S3_BUCKET_NAME: 'no-such-bucket' }, 'source.bucket-missing'],
    ['an unknown host', { S3_ENDPOINT: 'https://s3.invalid' }, 'source.unreachable'],
  ])('%s: sync ends with 1 and says what to do, status still shows the board', async (_, changes, code) => {
    const sync = await place.run(['sync', '2024-11-15', 'visits', '--json'], access(changes));
    expect(sync.code).toBe(1);
    expect(sync.json()).toMatchObject([{ code, next: expect.any(String) }]);
    const status = await place.run(['status', '2024-11-13', 'visits', '--json'], access(changes));
    expect(status.code).toBe(0);
    expect(status.json()).toMatchObject([
      { cells: [{ state: expect.stringMatching(/loaded|stale/), version: 1 }] },
    ]);
    expect(status.stderr).toContain('The source files could not be listed');
    expect(await place.run(['doctor'], access(changes))).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/fail +Source files/),
    });
  });

  it('without a bucket named ends with 2', async () => {
    const s3Only = await Place.make(CONFIG.replace(/sources: .*/, "sources: { s3: { kind: 's3' } },"));
    const ended = await s3Only.run(['sync', '--json']);
    expect(ended.code).toBe(2);
    expect(ended.json()).toMatchObject([{ next: expect.stringContaining('S3_BUCKET_NAME') }]);
  });
});

describe('contexts', () => {
  const contexts = {
    look: { readOnly: true },
    prod: { production: true, databaseUrlVariable: 'PROD_DATABASE_URL' },
  };

  it('that are read-only refuse to write with 5, and still show and plan', async () => {
    place.write('user-config/dayboard/config.json', JSON.stringify({ contexts }));
    place.deliver('visits_2024-11-16.csv', file('a'));
    expect((await place.run(['status'])).code).toBe(0);
    const refused = await place.run(['--context', 'look', 'sync', '2024-11-16', 'visits', '--json']);
    expect(refused.code).toBe(5);
    expect(refused.json()).toMatchObject([{ code: 'context.read-only', exitCode: 5 }]);
    expect(await place.run(['status', '--context', 'look'])).toMatchObject({ code: 0 });
    expect(await place.run(['plan', '2024-11-16'], { DAYBOARD_CONTEXT: 'look' })).toMatchObject({ code: 0 });
  });

  it('that are production want to be confirmed, and have their own database', async () => {
    const env = { PROD_DATABASE_URL: place.database.url, DATABASE_URL: 'postgres://elsewhere.invalid/x' };
    const refused = await place.run(['--context', 'prod', 'sync', '2024-11-16', 'visits', '--json'], env);
    expect(refused.code).toBe(5);
    expect(refused.json()).toMatchObject([{ code: 'context.not-confirmed' }]);
    const unset = await place.run(['--context', 'prod', 'status', '--json']);
    expect(unset.json()).toMatchObject([
      { code: 'config.context-variable', facts: { variable: 'PROD_DATABASE_URL' } },
    ]);
    expect(
      await place.run(['--context', 'prod', 'sync', '2024-11-16', 'visits', '--yes'], env),
    ).toMatchObject({ code: 0 });
  });

  it('that are production take the typed name on a terminal, and nothing else', async () => {
    place.deliver('visits_2024-11-17.csv', file('a'));
    const env = { PROD_DATABASE_URL: place.database.url };
    const wrong = place.terminal(['--context', 'prod', 'sync', '2024-11-17', 'visits'], env);
    await wrong.waitFor('Type its name to go on:');
    wrong.type('y\r');
    expect((await wrong.exit).code).toBe(5);
    const right = place.terminal(['--context', 'prod', 'sync', '2024-11-17', 'visits'], env);
    await right.waitFor('Type its name to go on:');
    right.type('prod\r');
    await right.waitFor(/✓ run \d+ done/);
    expect((await right.exit).code).toBe(0);
  });
});
