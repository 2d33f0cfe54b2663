import type pg from 'pg';

/** One dataset whose deliveries overlap, a counted rollup, a list, one over the list, a view and a check. */
export const CONFIG = `
import { defineProject } from 'dayboard';

export default defineProject({
  name: 'site',
  sources: { files: { kind: 's3' } },
  datasets: [
    {
      name: 'visits',
      key: 'visits_{period}.csv',
      carries: { kind: 'window', key: ['id', 'day'] },
      file: ['id', 'day', 'kind', 'amount', 'note'],
      table: {
        schema: 'stats',
        columns: { id: 'text', day: 'date', kind: 'text', amount: { type: 'integer', nullable: true }, note: 'text' },
        partitionBy: 'day',
      },
    },
  ],
  rollups: [
    {
      name: 'days',
      over: 'visits',
      groups: { day: 'date', kind: 'text' },
      measures: {
        visits: { kind: 'count' },
        total: { kind: 'sum', column: 'amount' },
        most: { kind: 'max', column: 'amount' },
      },
      bucket: { group: 'day' },
      published: { schema: 'stats' },
    },
    { name: 'people', over: 'visits', groups: { day: 'date', id: 'text' }, bucket: { group: 'day' }, published: { schema: 'stats' } },
    {
      name: 'people_per_day',
      over: 'people',
      groups: { day: 'date' },
      measures: { people: { kind: 'count' } },
      bucket: { group: 'day' },
      published: { schema: 'stats' },
    },
  ],
  views: [
    {
      schema: 'stats',
      name: 'totals',
      reads: ['days'],
      sql: 'SELECT kind, sum(visits) AS visits FROM stats.days GROUP BY kind',
      indexes: [{ name: 'totals_kind', columns: ['kind'], unique: true }],
    },
  ],
  checks: [{ name: 'no_robots', of: ['visits'], sql: "SELECT day, count(*) AS robots FROM stats.visits WHERE kind = 'robot' GROUP BY day" }],
});
`;

const [FIRST, SECOND] = ['2024-11-13', '2024-11-14'] as const;

/** What is done to a state of the database; each begins where the one before ended. */
export interface Phase {
  name: 'first delivery' | 'next delivery' | 'after a crash' | 'correction' | 'undo';
  args: string[];
  /** What an operator, or the schedule, runs next, whatever happened. */
  next: string[];
  /** What is at the source before it. */
  delivered: Record<string, string>;
  /** It begins where the phase before it began, but a run of it was killed in the middle. */
  crashed?: true;
}

const visits = ['visits'];
export const PHASES: readonly Phase[] = [
  {
    name: 'first delivery',
    args: ['sync', FIRST, ...visits],
    next: ['sync', FIRST, ...visits],
    delivered: { [keyOf(FIRST)]: rows(FIRST, 0, 400), [keyOf(SECOND)]: rows(SECOND, 300, 800) },
  },
  {
    name: 'next delivery',
    args: ['sync', SECOND, ...visits],
    next: ['sync', SECOND, ...visits],
    delivered: {},
  },
  {
    name: 'after a crash',
    args: ['sync', SECOND, ...visits],
    next: ['sync', SECOND, ...visits],
    delivered: {},
    crashed: true,
  },
  {
    name: 'correction',
    args: ['sync', SECOND, ...visits],
    next: ['sync', SECOND, ...visits],
    delivered: { [keyOf(SECOND)]: rows(SECOND, 350, 900) },
  },
  { name: 'undo', args: ['undo', SECOND, ...visits], next: ['sync', SECOND, ...visits], delivered: {} },
];

function keyOf(period: string): string {
  return `visits_${period}.csv`;
}

/** Rows of two days, so that neighbours' deliveries meet; long enough to come in several pieces. */
function rows(period: string, from: number, to: number): string {
  const lines = ['id,day,kind,amount,note'];
  for (let at = from; at < to; at++) {
    const day = at % 3 === 0 ? FIRST : period;
    lines.push(
      `person ${at % 97} ${at},${day},${['web', 'app', 'mail'][at % 3]},${at % 5 === 0 ? '' : (at * 7) % 50},"${'a note, '.repeat(30)}"`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** What readers and the ledger hold, each relation as its count of rows and their hash. */
export interface Digest {
  /** Raw rows, those behind them, rollups and versions: one publish changes them together. */
  published: Record<string, string>;
  view: string;
  owed: string;
}

const PUBLISHED = {
  raw: 'stats.visits',
  shadow: 'dayboard.shadow_site_visits',
  days: 'stats.days',
  people: 'stats.people',
  people_per_day: 'stats.people_per_day',
};
/** Whatever columns a ledger has that is half migrated, but for those that are another in every run. */
const VERSIONS = `SELECT to_jsonb(v) - '{run,modified,published_at,undone_at,undone_by,kept_rows,kept_keys,kept_whole}'::text[],
  to_jsonb(v) ->> 'undone_at' IS NOT NULL FROM dayboard.version v`;

export async function digestOf(client: pg.Client): Promise<Digest> {
  const published: Record<string, string> = {};
  for (const [name, relation] of Object.entries(PUBLISHED))
    published[name] = await hashOf(client, relation, `SELECT * FROM ${relation}`);
  published['versions'] = await hashOf(client, 'dayboard.version', VERSIONS);
  return {
    published,
    view: await hashOf(client, 'stats.totals', 'SELECT * FROM stats.totals'),
    owed: await hashOf(client, 'dayboard.owed', 'SELECT name, bucket FROM dayboard.owed'),
  };
}

/** A relation that is not there, or was never filled, has no rows. */
async function hashOf(client: pg.Client, relation: string, sql: string): Promise<string> {
  const there = await client.query<{ there: boolean }>(
    'SELECT count(*) > 0 AS there FROM pg_class WHERE oid = to_regclass($1) AND relispopulated',
    [relation],
  );
  if (there.rows[0]?.there !== true) return '0 rows';
  const found = await client.query<{ hash: string }>(
    `SELECT CASE count(*) WHEN 0 THEN '0 rows' ELSE count(*) || ' rows, ' || md5(string_agg(each::text, E'\\n' ORDER BY each::text)) END AS hash
       FROM (${sql}) AS each`,
  );
  return found.rows[0]?.hash ?? '';
}

const GROUPED = {
  days: 'SELECT day, kind, count(*), sum(amount), max(amount) FROM stats.visits GROUP BY day, kind',
  people: 'SELECT DISTINCT day, id FROM stats.visits',
  people_per_day: 'SELECT day, count(DISTINCT id) FROM stats.visits GROUP BY day',
};

/** Rows in which a rollup is not GROUP BY over the raw table, and of the view over its rollup unless it is owed. */
export async function differences(client: pg.Client): Promise<string[]> {
  const found: string[] = [];
  const ledger = await client.query("SELECT FROM pg_class WHERE oid = to_regclass('dayboard.owed')");
  const owed =
    ledger.rowCount === 0
      ? []
      : (await client.query<{ name: string }>('SELECT name FROM dayboard.owed')).rows.map(({ name }) => name);
  const grouped = { ...GROUPED, totals: 'SELECT kind, sum(visits) FROM stats.days GROUP BY kind' };
  for (const [name, sql] of Object.entries(grouped)) {
    if (owed.includes(name)) continue;
    const there = await client.query('SELECT FROM pg_class WHERE oid = to_regclass($1) AND relispopulated', [
      `stats.${name}`,
    ]);
    if (there.rowCount === 0) continue;
    const different = await client.query<{ line: string }>(
      `SELECT a::text AS line FROM (TABLE stats.${name} EXCEPT ALL (${sql})) a UNION ALL SELECT b::text FROM ((${sql}) EXCEPT ALL TABLE stats.${name}) b LIMIT 3`,
    );
    found.push(...different.rows.map(({ line }) => `${name} is not GROUP BY: ${line}`));
  }
  return found;
}

/** What must not stay behind at the server. */
export async function leftovers(client: pg.Client): Promise<string[]> {
  const found = await client.query<{ what: string }>(
    `SELECT 'work table ' || relname AS what FROM pg_class
      WHERE relnamespace = to_regnamespace('dayboard_staging') AND relkind IN ('r', 'p', 'v', 'm')
     UNION ALL SELECT 'advisory lock' FROM pg_locks
      WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
     UNION ALL SELECT 'prepared transaction ' || gid FROM pg_prepared_xacts WHERE database = current_database()
     UNION ALL SELECT 'run ' || id || ' still running' FROM dayboard.run WHERE state = 'running'
     UNION ALL SELECT 'step of run ' || run || ' still ' || state FROM dayboard.step WHERE state IN ('running', 'queued')
     UNION ALL SELECT 'row of the lock ' || target FROM dayboard.lock`,
  );
  return found.rows.map(({ what }) => what);
}

/** Every relation of dayboard's and of the project's, runs' numbers aside. */
export async function relations(client: pg.Client): Promise<string[]> {
  const found = await client.query<{ name: string }>(
    `SELECT n.nspname || '.' || regexp_replace(c.relname, '_r\\d+', '_r#') || ' ' || c.relkind::text AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname IN ('dayboard', 'dayboard_staging', 'stats') ORDER BY 1`,
  );
  return found.rows.map(({ name }) => name);
}
