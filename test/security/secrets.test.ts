import { chmodSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { hideSecretsOf, redact } from '../../src/project/redact.ts';
import { CONFIG, file, Place } from '../cli/place.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { startTestS3 } from '../support/s3.ts';
import { until } from '../support/until.ts';

const TOKEN = 'tok3n-of-the-api';
let place: Place;
let database: string;

beforeAll(async () => {
  const s3 = await startTestS3();
  place = await Place.make(CONFIG);
  database = place.secrets[0] as string;
  place.secrets.push(s3.secretAccessKey, TOKEN);
  Object.assign(place.env, {
    S3_ENDPOINT: s3.endpoint,
    S3_BUCKET_NAME: s3.bucket,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    API_TOKEN: TOKEN,
  });
  await s3.put('visits_2024-11-13.csv', file('a', 'b'));
  await s3.put('visits_2024-11-14.csv', 'nonsense\nx\n');
  // A check whose error, which the server words, holds all the secrets.
  place.write(
    'leaky.config.ts',
    CONFIG.replace(
      'sql: "SELECT day, count(*) AS robots FROM visits WHERE id = \'robot\' GROUP BY day"',
      "sql: `SELECT ('${env.DATABASE_URL} ' || '${env.S3_SECRET_ACCESS_KEY} ${env.API_TOKEN}')::int AS n`",
    ),
  );
});

/** Every value of every table of the ledger, as text. */
async function ledgerText(): Promise<string> {
  const tables = await place.query<{ name: string }>(
    "SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('dayboard', 'dayboard_staging') AND c.relkind IN ('r', 'p', 'v')",
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await place.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${name} t`);
    found.push(name, ...rows.map(({ row }) => row));
  }
  return found.join('\n');
}

/** What all files under the user's directories hold. */
function filesText(): string {
  const files = readdirSync(place.directory, { recursive: true, encoding: 'utf8' });
  return files
    .map((each) => join(place.directory, each))
    .filter((path) => statSync(path).isFile())
    .map((path) => `${path}\n${readFileSync(path, 'latin1')}`)
    .join('\n');
}

function expectNoSecret(text: string): void {
  for (const secret of place.secrets)
    expect(text.includes(secret), `a secret of ${secret.length} letters`).toBe(false);
}

describe('secrets of the environment', () => {
  it('reach neither ledger, plans, events nor files, when a run does well and when it fails', async () => {
    // `Place` itself fails when any output shows a secret.
    expect((await place.run(['sync', '2024-11-13..2024-11-14', 'visits'])).code).toBe(3);
    await place.run(['sync', '2024-11-13', 'visits', '--force', 'rows', '--json']);
    expect((await place.run(['plan', '2024-11-14', 'visits', '--json'])).code).toBe(0);
    for (const args of [['status'], ['runs'], ['runs', 'show', '1'], ['doctor'], ['freshness'], ['check']])
      await place.run([...args, '--json']);
    const ledger = await ledgerText();
    expect(ledger).toContain('visits_2024-11-14.csv');
    expectNoSecret(ledger);
    expectNoSecret(filesText());
  });

  it('are taken out of what the server says of a check that has them in its text', async () => {
    const ended = await place.run(['--config', 'leaky.config.ts', 'check', '--json']);
    expect(ended.stdout).toContain('***');
    expectNoSecret(await ledgerText());
  });

  it('are masked in all that is kept of a script that reads and shows them', async () => {
    place.write(
      'shows.sql',
      `\\getenv url DATABASE_URL
\\getenv token API_TOKEN
\\echo :url :token
\\warn :url :token
SELECT :'url' AS :"token";
SELECT set_config('leak.token', :'token', false);
DO $$ BEGIN RAISE NOTICE 'it is %', current_setting('leak.token'); END $$;
SELECT :'url'::int;
`,
    );
    // It shows them to whoever runs it, as its author wants it: `Place` says so.
    await expect(place.run(['script', 'shows.sql', '--yes'])).rejects.toThrow('a secret was shown');
    const [run] = await place.query<{ output: string }>(
      'SELECT output FROM dayboard.script ORDER BY run DESC LIMIT 1',
    );
    expect(run?.output).toContain('***');
    expect(run?.output).toContain('invalid input syntax');
    expectNoSecret(await ledgerText());
    // Nor is it shown by a plan, which runs nothing, or by the events.
    expect((await place.run(['script', 'shows.sql', '--dry-run'])).stdout).toContain('not known');
    await place.run(['script', 'shows.sql', '--yes', '--json']);
    await place.run(['runs', 'show', '2']);
  });

  it('are in no argument of any process while a run is at work', async () => {
    const holder = await place.database.connect();
    await holder.query('BEGIN; LOCK TABLE dayboard.version IN ACCESS EXCLUSIVE MODE');
    const started = place.start(['sync', '2024-11-13', 'visits', '--reprocess', 'all']);
    const waiting =
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    await until(async () => (await place.query(waiting)).length > 0);
    // Those of dayboard, which began here, and the server's for this database: other tests give theirs what they like.
    const here = realpathSync(place.directory);
    const lines = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          return line.includes(place.database.name) || readlinkSync(`/proc/${pid}/cwd`) === here ? line : '';
        } catch {
          return '';
        }
      });
    const titles = await place.query<{ text: string }>(
      'SELECT application_name || query AS text FROM pg_stat_activity WHERE datname = current_database()',
    );
    await holder.query('ROLLBACK');
    await started.ended;
    expect(lines.join('\n')).toContain('visits');
    expectNoSecret(lines.join('\n'));
    expectNoSecret(titles.map(({ text }) => text).join('\n'));
  });

  it('are in no argument of the programs that a copy starts, nor in what is told of their failure', async () => {
    await using source = await createTestDatabase();
    const client = await source.connect();
    await client.query('CREATE TABLE users (id integer)');
    place.env['APP_URL'] = source.url;
    place.write(
      'copies.config.ts',
      CONFIG.replace(
        "{ kind: 'directory', path: 'deliveries' } },",
        "{ kind: 'directory', path: 'deliveries' } },\n  copies: [{ name: 'app', source: 'app', exclude: ['visits', 'sso', 'pushers'], never: { named: ['nowhere'] } }],",
      )
        .replace(
          "{ files: { kind: 's3' } }",
          "{ files: { kind: 's3' }, app: { kind: 'postgres', urlVariable: 'APP_URL' } }",
        )
        .replace('  name,\n  key:', "  name,\n  source: 'files',\n  key:"),
    );
    const seen = join(place.directory, 'seen.txt');
    for (const program of ['pg_dump', 'pg_restore']) {
      place.write(
        `bin/${program}`,
        `#!/bin/sh
if [ "$1" = --version ]; then echo "${program} (PostgreSQL) 99"; exit 0; fi
printf '%s\\n' "$0" "$@" >>'${seen}'
echo "${program}: error: no connection to $PGHOST as $PGUSER with $PGPASSWORD" >&2
exit 1
`,
      );
      chmodSync(join(place.directory, 'bin', program), 0o755);
    }
    const PATH = `${join(place.directory, 'bin')}:${process.env['PATH'] ?? ''}`;
    const ended = await place.run(['--config', 'copies.config.ts', 'copy', 'app', '--yes', '--json'], {
      PATH,
    });
    expect(ended.stdout).toContain('with ***');
    expect(readFileSync(seen, 'utf8')).toContain('--schema=');
    expectNoSecret(readFileSync(seen, 'utf8'));
    expectNoSecret(await ledgerText());
    expectNoSecret(filesText());
  });

  it.each([
    [
      'an exception that nobody catches',
      'setTimeout(() => { throw new TypeError(`no: ${env.DATABASE_URL} ${env.API_TOKEN}`); })',
    ],
    [
      'a rejection that nobody catches',
      'void Promise.reject(Object.assign(new Error(env.DATABASE_URL), { input: env.DATABASE_URL }))',
    ],
    ['a URL that cannot be read', "setTimeout(() => { new URL(env.DATABASE_URL.replace(/@.*/, '@[')); })"],
  ])('are not in the output of %s', async (_, code) => {
    place.write('crash.config.ts', CONFIG.replace("name: 'site'", `name: (${code}, 'site')`));
    const ended = await place.run(['--config', 'crash.config.ts', 'status']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('ended by a mistake of its own');
  });

  it('are not in an error of the definition, nor in its stack for whoever debugs', async () => {
    place.write(
      'throws.config.ts',
      CONFIG.replace(
        "name: 'site'",
        'name: (() => { throw new Error(`bad ${env.DATABASE_URL} ${env.API_TOKEN}`); })()',
      ),
    );
    for (const args of [[], ['--json']]) {
      const ended = await place.run(['--config', 'throws.config.ts', 'status', ...args], {
        DAYBOARD_DEBUG: '1',
      });
      expect(ended.code).not.toBe(0);
      expect(ended.stdout + ended.stderr).toContain('***');
    }
    expect(database).not.toBe('');
  });
});

describe('the last net', () => {
  it('takes passwords out of connection strings of every form, and leaves the rest', () => {
    expect(redact('to postgres://ann:p%40ss@db:5432/x failed')).toBe(
      'to postgres://ann:***@db:5432/x failed',
    );
    expect(redact("host=db password='it''s' user=ann")).not.toContain('it');
    expect(redact('host=db password=abc user=ann')).toBe('host=db password=*** user=ann');
    const harmless = 'see https://db.example:5432/x?y=a@b for user:ann';
    expect(redact(harmless)).toBe(harmless);
  });

  it('takes out what is left of a secret that was cut, as PostgreSQL cuts the line that it quotes', () => {
    hideSecretsOf({ LATE_TOKEN: 'aq7-Bx9_kk3m' });
    expect(redact("LINE 1: ...lect 'aq7-Bx9_k...")).toBe("LINE 1: ...lect '***...");
    expect(redact("LINE 1: ...9_kk3m' as it")).toBe("LINE 1: ...***' as it");
    expect(redact('wait a moment... please')).toBe('wait a moment... please');
  });

  it('knows what is a secret by the name of its variable or its place in a URL, and passes over plain words', () => {
    hideSecretsOf({
      PROD_URL: 'postgres://ann:s3cret%2Fword@db/x',
      AWS_SECRET_ACCESS_KEY: 'abc/DEF+123456',
      PGPASSWORD: 'dayboard',
      HOME: '/home/ann-1234',
    });
    expect(redact('s3cret%2Fword s3cret/word abc/DEF+123456 dayboard /home/ann-1234')).toBe(
      '*** *** *** dayboard /home/ann-1234',
    );
  });
});
