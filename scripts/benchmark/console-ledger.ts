import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { migrate } from '../../src/ledger/migrate.ts';
import { rulesHash } from '../../src/load/rules-hash.ts';
import { loadConfig } from '../../src/project/load-config.ts';
import { addPeriods } from '../../src/project/period.ts';
import type { Project } from '../../src/project/model.ts';

export const TABLES = 60;
/** Three years. */
export const DAYS = 1095;

/** Every so many cells one is missing, one failed. */
const MISSING_EVERY = 997;
const FAILED_EVERY = 1499;

const RUNS = 400;

export function tableName(index: number): string {
  return `table_${String(index + 1).padStart(2, '0')}_of_the_bench`;
}

/** A definition of 60 tables that arrive each day, as a file: the console is started on it as an operator starts it. */
export async function writeProject(folder: string): Promise<Project> {
  const datasets = Array.from({ length: TABLES }, (_, index) => datasetText(tableName(index)));
  const rollups = Array.from({ length: 6 }, (_, index) => rollupText(tableName(index)));
  await writeFile(
    join(folder, 'dayboard.config.ts'),
    `import { defineProject, deliveryDay } from 'dayboard';
export default defineProject({
  name: 'bench',
  timeZone: 'UTC',
  schedule: { timeZone: 'UTC', catchUpDays: 7 },
  sources: { s3: { kind: 's3' } },
  datasets: [${datasets.join(',\n')}],
  rollups: [${rollups.join(',\n')}],
});
`,
  );
  const { definition } = await loadConfig({ directory: folder, systems: {} });
  return definition.resolve({});
}

function datasetText(name: string): string {
  return `{
    name: '${name}',
    key: '${name}/${name}_{period}.csv',
    period: 'day',
    carries: { kind: 'period', column: 'day' },
    file: ['id', 'note'],
    table: { name: '${name}', columns: { id: 'text', note: 'text', day: { type: 'date', value: deliveryDay() } }, partitionBy: 'day' },
    guards: { empty: 'stop' },
    expected: { days: 1, at: '01:00' },
    freshness: { column: 'day', warnHours: 30, errorHours: 54 },
  }`;
}

function rollupText(over: string): string {
  return `{ name: '${over}_per_day', over: '${over}', groups: { day: 'date' }, measures: { row_count: { kind: 'count' } }, bucket: { group: 'day' } }`;
}

/** A ledger with a history: every cell has its object and version, most were loaded, some runs are told of with their steps. */
export async function fillLedger(client: pg.Client, project: Project, today: string): Promise<number> {
  await migrate(client);
  const names = project.datasets.map((dataset) => dataset.name);
  const hashes = project.datasets.map(rulesHash);
  const parameters = [project.name, names, addPeriods(today, -DAYS), addPeriods(today, -1)];
  const cells = `unnest($2::text[]) WITH ORDINALITY AS t (name, place)
    CROSS JOIN LATERAL (SELECT d::date AS day, to_char(d, 'YYYY-MM-DD') AS period, row_number() OVER () * ${TABLES} + t.place AS number
                          FROM generate_series($3::date, $4::date, '1 day') d) each`;
  const object = `t.name || '/' || t.name || '_' || period || '.csv', 1000000 + number, md5(t.name || period), day + 1 + time '00:20'`;
  await client.query(
    `INSERT INTO dayboard.run (project, context, command, cli, plan, state, started_at, finished_at, by_user, host, pid, outcome)
     SELECT $1, 'default', 'sync', 'dayboard sync ' || to_char($2::date - n, 'YYYY-MM-DD'), '{"steps":[]}', 'done',
            $2::date - n + time '01:00', $2::date - n + time '01:20', 'cron', 'db-1', 1,
            '{"state":"done","steps":{"done":180,"failed":0,"skipped":0,"cancelled":0},"deliveries":{"published":60,"failed":0,"unchanged":0,"cancelled":0},"seconds":1200,"exitCode":0}'
       FROM generate_series(${RUNS}, 1, -1) n`,
    [project.name, today],
  );
  await client.query(
    `INSERT INTO dayboard.object (project, dataset, period, key, size, etag, modified)
     SELECT $1, t.name, period, ${object} FROM ${cells} WHERE number % ${MISSING_EVERY} > 0`,
    parameters,
  );
  await client.query(
    `INSERT INTO dayboard.version (project, dataset, period, version, run, current, key, size, etag, modified, rows, kept, added, removed, days, rules_hash, published_at)
     SELECT $1, t.name, period, 1, r.id, true, ${object}, 20000, 20000, 20000, 0, jsonb_build_object(period, 20000), ($5::text[])[t.place], day + 1 + time '01:05'
       FROM ${cells} LEFT JOIN dayboard.run r ON r.started_at::date = day + 1
      WHERE number % ${MISSING_EVERY} > 0 AND number % ${FAILED_EVERY} > 0`,
    [...parameters, hashes],
  );
  await client.query(
    `INSERT INTO dayboard.step (run, seq, project, kind, target, period, state, started_at, finished_at, rows, bytes, error)
     SELECT r.id, (t.place * 3 + k.place)::int, $1, k.kind, t.name, period,
            CASE WHEN k.kind = 'load' AND number % ${FAILED_EVERY} = 0 THEN 'failed' WHEN k.kind = 'publish' AND number % ${FAILED_EVERY} = 0 THEN 'skipped' ELSE 'done' END,
            day + 1 + time '01:00', day + 1 + time '01:00' + k.place * interval '3 seconds', 20000, 1000000,
            CASE WHEN k.kind = 'load' AND number % ${FAILED_EVERY} = 0 THEN '{"code":"database.22P02","message":"Line 41: \\"x\\" is no number.","facts":{},"next":"Ask for a file that is whole."}'::jsonb END
       FROM ${cells} JOIN dayboard.run r ON r.started_at::date = day + 1
      CROSS JOIN unnest(ARRAY['fetch', 'load', 'publish']) WITH ORDINALITY AS k (kind, place)`,
    parameters,
  );
  await client.query(
    `INSERT INTO dayboard.listing (project, source, listed_at, objects) VALUES ($1, 's3', now() - interval '1 minute', $2)`,
    [project.name, TABLES * DAYS],
  );
  await client.query('ANALYZE');
  return TABLES * DAYS;
}
