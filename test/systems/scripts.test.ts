import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/project/package-root.ts';
import type { Runner } from '../psql/differential/run.ts';
import { throughDayboard, throughPsql } from '../psql/differential/run.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { comparedWithPsql, wantPsql } from '../support/psql.ts';

const SYSTEMS = ['tchap-stats', 'pass-emploi'] as const;
const USER = '@camille:agent.example.fr';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const client = await database.connect();
  // Nothing is counted, so that two runs of the same script show the same scans.
  await client.query('SET track_counts = off');
  await client.query(`CREATE TABLE user_daily_visits (user_id varchar, device_id varchar, visit_ts timestamptz,
      instance varchar, platform varchar, device_type varchar, visit_date date) PARTITION BY RANGE (visit_ts);
    CREATE TABLE visits_early PARTITION OF user_daily_visits FOR VALUES FROM (MINVALUE) TO ('2024-11-10');
    CREATE TABLE visits_late PARTITION OF user_daily_visits FOR VALUES FROM ('2024-11-10') TO (MAXVALUE);
    CREATE INDEX user_daily_visits_day ON user_daily_visits (visit_date);
    CREATE TABLE evenement_engagement (id integer, date_evenement timestamptz, categorie varchar, action varchar,
      nom varchar, id_utilisateur varchar, type_utilisateur varchar, structure varchar, departement varchar,
      semaine date, jour date);
    CREATE UNIQUE INDEX evenement_engagement_key ON evenement_engagement (id);
    CREATE INDEX evenement_engagement_nom ON evenement_engagement (nom)`);
  await client.query(
    `INSERT INTO user_daily_visits
     SELECT $1, device, at AT TIME ZONE 'UTC', instance, platform, type, at::date
       FROM (VALUES ('SECRETONE', timestamp '2024-11-14 00:00', 'a.fr', 'Web', 'Firefox Linux'),
                    ('SECRETTWO', '2024-11-14 23:59', 'a.fr', 'Android', 'Android'),
                    ('SECRETONE', '2024-11-07 12:00', 'a.fr', 'Web', 'Firefox Linux'),
                    ('SECRETONE', '2024-11-13 23:59', 'b.fr', 'Web', 'Firefox Linux'),
                    ('SECRETONE', '2024-11-07 08:00', 'c.fr', 'Web', 'Firefox Linux'))
            AS visits (device, at, instance, platform, type)`,
    [USER],
  );
  await client.query(
    `INSERT INTO evenement_engagement
     SELECT row_number() OVER (), jour, categorie, 'vu', 'nom', $1, 'JEUNE', 'MILO', '75', date_trunc('week', jour)::date, jour
       FROM (VALUES (date '2024-11-14', 'OFFRE'), ('2024-11-14', 'OFFRE'), ('2024-11-07', 'OFFRE'),
                    ('2024-11-13', 'MESSAGE'), ('2024-11-06', 'MESSAGE')) AS events (jour, categorie)`,
    [USER],
  );
  await client.query(`ALTER DATABASE ${database.name} SET track_counts = off`);
  await client.query(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
  return () => database.drop();
});

/** Runs a script of a system on a session that may write nothing. */
async function run(
  runner: Runner,
  system: string,
  name: string,
  variables: Record<string, string> = {},
): Promise<{ stdout: string; stderr: string; code: number | null }> {
  const args = Object.entries(variables).flatMap(([key, value]) => ['-v', `${key}=${value}`]);
  const script = { feature: system, name, text: '', args, env: {}, stdin: '', since: 15 };
  const directory = join(packageRoot(), 'sql', system, 'scripts');
  return runner(script, { url: database.url, directory, file: `${name}.sql` });
}

async function shown(system: string, name: string, variables: Record<string, string>): Promise<string[]> {
  const { stdout, stderr, code } = await run(throughDayboard, system, name, variables);
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return stdout.split('\n').map((line) => line.trim().replaceAll(/ *\| */g, '|'));
}

describe('the scripts of tchap-stats', () => {
  it('count a day beside the same day of the week before, and tell of an instance that sent nothing', async () => {
    const lines = await shown('tchap-stats', 'visits_of_day', { day: '2024-11-14' });
    expect(lines).toContain('2024-11-14|all||2|1|2|1|0.0');
    expect(lines).toContain('2024-11-14|Web|Firefox Linux|1|1|2|1|-50.0');
    expect(lines).toContain('2024-11-14|Android|Android|1|1|0|0|');
    const instances = lines.slice(lines.indexOf('By instance'));
    expect(instances.slice(3, 5)).toEqual(['c.fr|0|0|1|-100.0', 'a.fr|2|1|1|100.0']);
    expect(lines.join()).not.toContain('b.fr');
  });

  it('tell of a user without saying who it is and on which devices', async () => {
    const days = String(Math.ceil((Date.now() - Date.parse('2024-01-01')) / 86_400_000));
    const lines = await shown('tchap-stats', 'user_history', { user: USER, days });
    expect(lines).toContain('1|Web|Firefox Linux|a.fr, b.fr, c.fr|2024-11-07|2024-11-14|3');
    expect(lines).toContain('2|Android|Android|a.fr|2024-11-14|2024-11-14|1');
    expect(lines).toContain('2024-11-11|2|2|Android, Web');
    expect(lines.join('\n')).not.toMatch(/camille|SECRET/);
  });

  it('sum up partitions in the sizes of tables and indexes', async () => {
    const lines = await shown('tchap-stats', 'sizes', {});
    expect(lines.filter((line) => line.startsWith('user_daily_visits|2|'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('user_daily_visits_day|user_daily_visits|'))).toHaveLength(
      1,
    );
    expect(lines.join()).not.toContain('visits_early');
  });
});

describe('the scripts of pass-emploi', () => {
  it('count a day beside the days before it, those that fell silent first', async () => {
    const lines = await shown('pass-emploi', 'events_of_day', { day: '2024-11-14' });
    expect(lines).toContain('2024-11-14|MILO|JEUNE|2|1|1|0|100.0');
    const categories = lines.slice(lines.findIndex((line) => line.startsWith('By category')));
    expect(categories.slice(3, 5)).toEqual(['MESSAGE|0|0|0', 'OFFRE|2|1|0']);
  });

  it('tell of a user without saying who it is', async () => {
    const weeks = String(Math.ceil((Date.now() - Date.parse('2024-01-01')) / (7 * 86_400_000)));
    const lines = await shown('pass-emploi', 'user_history', { user: USER, weeks });
    expect(lines).toContain('2024-11-11|MILO|75|2|3|t');
    expect(lines).toContain('OFFRE|vu|3|2024-11-07|2024-11-14');
    expect(lines.join('\n')).not.toContain('camille');
  });

  it('show indexes that are hardly used, and none that keeps a key', async () => {
    const lines = await shown('pass-emploi', 'unused_indexes', { scans: '1000000' });
    expect(lines.some((line) => line.startsWith('evenement_engagement|evenement_engagement_nom|'))).toBe(
      true,
    );
    expect(lines.join()).not.toContain('evenement_engagement_key');
  });
});

describe('every script of a system', () => {
  const scripts = SYSTEMS.flatMap((system) =>
    readdirSync(join(packageRoot(), 'sql', system, 'scripts')).map((file) => [system, file.slice(0, -4)]),
  );

  it.runIf(wantPsql()).each(scripts)(
    `${comparedWithPsql('%s %s shows in psql what it shows here')}`,
    async (...[system = '', name = '']) => {
      // Without values it has its defaults; a user is always named.
      const variables: Record<string, string> = name === 'user_history' ? { user: USER } : {};
      const psql = await run(throughPsql, system, name, variables);
      expect(psql.code).toBe(0);
      expect(await run(throughDayboard, system, name, variables)).toEqual(psql);
    },
  );
});
