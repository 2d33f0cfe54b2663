import type pg from 'pg';
import type { Day } from '../../src/project/model.ts';
import { addPeriods } from '../../src/project/period.ts';
import { visitDay, RAW } from './visits.ts';

/** One comparison of rows, both ways, each as often as it is there. */
export interface Compared {
  what: string;
  /** Rows of the second side. */
  rows: number;
  /** Rows of either side that the documented corrections explain, and which are compared with the truth instead. */
  corrected: number;
  differences: number;
}

/** Days of raw rows that are kept for a comparison row by row; all others are compared by their checksums. */
const RECENT_DAYS = 31;

const DAYS =
  'day, user_id, instance, domain, visits_count, web_visits_count, mobile_visits_count, other_visits_count';
const MONTHS = 'user_id, month, device_id, instance, domain, device_type, platform';
/** The instance and domain of a user are an arbitrary pair in the original: what is compared is who visited when. */
const LITE = 'user_id, visit_date';

/** Days and months that are whole in both windows, whichever was looked at first. */
const WHOLE_DAYS = `day >= date_trunc('day', now()) - interval '29 days'`;
const WHOLE_MONTHS = `month >= date_trunc('month', now()) - interval '11 months'`;

const PRINTS = `SELECT visit_date, count(*) AS rows, sum(hash_record_extended(v, 1)) AS first, sum(hash_record_extended(v, 2)) AS second
  FROM (SELECT ${RAW} FROM TABLE_NAME) v GROUP BY visit_date`;

type Relation = 'raw' | 'days' | 'months' | 'lite' | 'prints';

/** What of a side is compared, as SELECTs. `last` is the last delivery. */
function dayboardSide(last: Day): Record<Relation, string> {
  return {
    raw: `SELECT ${RAW} FROM public.user_daily_visits WHERE ${recent(last)}`,
    days: `SELECT ${DAYS} FROM public.user_daily_visits_agg_30d_v2 WHERE ${WHOLE_DAYS}`,
    months: `SELECT ${MONTHS} FROM public.user_daily_visits_by_month_1y_v3 WHERE ${WHOLE_MONTHS}`,
    lite: `SELECT ${LITE} FROM public.user_monthly_visits_lite`,
    prints: PRINTS.replace('TABLE_NAME', 'public.user_daily_visits'),
  };
}

function keptSide(label: string): Record<Relation, string> {
  return {
    raw: `SELECT ${RAW} FROM kept_${label}.raw`,
    days: `SELECT ${DAYS} FROM kept_${label}.days WHERE ${WHOLE_DAYS}`,
    months: `SELECT ${MONTHS} FROM kept_${label}.months WHERE ${WHOLE_MONTHS}`,
    lite: `SELECT ${LITE} FROM kept_${label}.lite`,
    prints: `SELECT * FROM kept_${label}.prints`,
  };
}

function recent(last: Day): string {
  return `visit_ts >= '${addPeriods(visitDay(last), 1 - RECENT_DAYS)}T00:00Z'::timestamptz`;
}

/** Keeps what the shell way's relations hold now, in the schema kept_LABEL. */
export async function keepShellResults(client: pg.Client, label: string, last: Day): Promise<void> {
  const keep = (name: Relation, select: string) =>
    client.query(`CREATE UNLOGGED TABLE kept_${label}.${name} AS ${select}`);
  await client.query(`CREATE SCHEMA kept_${label}`);
  await keep('raw', `SELECT ${RAW} FROM shell.user_daily_visits WHERE ${recent(last)}`);
  await keep('days', 'SELECT * FROM shell.user_daily_visits_agg_30d_v2');
  await keep('months', 'SELECT * FROM shell.user_daily_visits_by_month_1y_v3');
  await keep('lite', 'SELECT * FROM shell.user_monthly_visits_lite');
  await keep('prints', PRINTS.replace('TABLE_NAME', 'shell.user_daily_visits'));
}

/** After a new day: both sides hold the same, without exception. */
export async function compareNew(client: pg.Client, last: Day): Promise<Compared[]> {
  const [shell, dayboard] = [keptSide('new'), dayboardSide(last)];
  return compareAll(client, [
    ['raw rows of the last month', shell.raw, dayboard.raw],
    ['raw rows of each day, by count and two checksums', shell.prints, dayboard.prints],
    ['user_daily_visits_agg_30d_v2', shell.days, dayboard.days],
    ['user_daily_visits_by_month_1y_v3', shell.months, dayboard.months],
    ['user_monthly_visits_lite', shell.lite, dayboard.lite],
  ]);
}

/**
 * After a reimport of a changed object. The original leaves a visit that it has as it is, dayboard takes the newer
 * values (a documented correction): both sides are the same without the visits that changed, and their users. That
 * dayboard's values are right is then seen by the object's rows, and by GROUP BY over the raw rows.
 *
 * @param object the table that holds the rows of the changed object
 * @param changed the table with user_id and device_id of the visits whose values changed
 */
export async function compareAgain(
  client: pg.Client,
  last: Day,
  object: string,
  changed: string,
): Promise<Compared[]> {
  const [shell, dayboard] = [keptSide('again'), dayboardSide(last)];
  const visit = `visit_date = '${visitDay(last)}' AND (user_id, device_id) IN (SELECT user_id, device_id FROM ${changed})`;
  const user = `user_id IN (SELECT user_id FROM ${changed})`;
  const month = `date_trunc('month', '${visitDay(last)}'::timestamp)`;
  const inMonth = `visit_ts >= ${month} AT TIME ZONE 'UTC' AND device_type <> 'Autre'`;
  return compareAll(client, [
    ['raw rows of the last month', shell.raw, dayboard.raw, visit],
    ['user_daily_visits_agg_30d_v2', shell.days, dayboard.days, user],
    ['user_daily_visits_by_month_1y_v3', shell.months, dayboard.months, user],
    ['user_monthly_visits_lite', shell.lite, dayboard.lite, user],
    [
      'raw rows of the day, and the object',
      `SELECT ${RAW} FROM ${object}`,
      `SELECT ${RAW} FROM public.user_daily_visits WHERE visit_date = '${visitDay(last)}'`,
    ],
    [
      'user_daily_visits_agg_30d_v2, and GROUP BY',
      `SELECT date_trunc('day', visit_ts) AS day, user_id, instance, domain, count(*) AS visits_count,
              count(*) FILTER (WHERE platform = 'Web') AS web_visits_count,
              count(*) FILTER (WHERE platform = 'Mobile') AS mobile_visits_count,
              count(*) FILTER (WHERE platform = 'Autre') AS other_visits_count
         FROM public.user_daily_visits WHERE visit_ts >= date_trunc('day', now()) - interval '29 days' GROUP BY 1, 2, 3, 4`,
      dayboard.days,
    ],
    [
      'user_daily_visits_by_month_1y_v3 of the month, and GROUP BY',
      `SELECT DISTINCT user_id, ${month}::date AS month, device_id, instance, domain, device_type, platform
         FROM public.user_daily_visits WHERE ${inMonth}`,
      `SELECT ${MONTHS} FROM public.user_daily_visits_by_month_1y_v3 WHERE month = ${month}`,
    ],
    [
      'user_monthly_visits_lite of the month, and GROUP BY',
      `SELECT DISTINCT user_id, ${month}::date AS visit_date FROM public.user_daily_visits WHERE ${inMonth}`,
      `SELECT ${LITE} FROM public.user_monthly_visits_lite WHERE visit_date = ${month}`,
    ],
  ]);
}

/** Checksums of what dayboard's relations hold now, to see later that they hold it again. */
export async function printDayboard(client: pg.Client, last: Day): Promise<Record<string, string>> {
  await prepareToCompare(client);
  const printed: Record<string, string> = {};
  for (const [name, select] of Object.entries(dayboardSide(last))) {
    const found = await client.query<{ print: string }>(
      `SELECT concat_ws(' ', count(*), sum(hash_record_extended(v, 1)), sum(hash_record_extended(v, 2))) AS print FROM (${select}) v`,
    );
    printed[name] = found.rows[0]?.print ?? '';
  }
  return printed;
}

async function prepareToCompare(client: pg.Client): Promise<void> {
  await client.query(`SET work_mem = '1GB'; SET TimeZone = 'UTC'`);
}

/** `corrected` is a condition on a row `v` that sets it aside. */
type Comparison = [what: string, expected: string, found: string, corrected?: string];

/** Compares rows of pairs of SELECTs; throws with samples when any differ that no documented correction explains. */
export async function compareAll(client: pg.Client, comparisons: readonly Comparison[]): Promise<Compared[]> {
  await prepareToCompare(client);
  const done: Compared[] = [];
  const wrong: string[] = [];
  for (const comparison of comparisons) {
    const { samples, ...compared } = await compare(client, comparison);
    done.push(compared);
    if (compared.differences > 0) wrong.push(`${compared.what}: ${compared.differences} rows, as ${samples}`);
  }
  if (wrong.length > 0) throw new Error(`The two sides differ.\n${wrong.join('\n')}`);
  return done;
}

/** One pass over both sides: what EXCEPT ALL finds in either direction, as a sum of what is on each side. */
async function compare(
  client: pg.Client,
  [what, expected, found, corrected = 'false']: Comparison,
): Promise<Compared & { samples: string }> {
  const { fields } = await client.query(`SELECT * FROM (${found}) v LIMIT 0`);
  const columns = fields.map(({ name }) => `"${name}"`).join(', ');
  const rows = `SELECT ${columns}, _corrected, sum(_side) AS _balance, count(*) AS _rows, count(*) FILTER (WHERE _side > 0) AS _found
      FROM (SELECT ${columns}, (${corrected}) AS _corrected, -1 AS _side FROM (${expected}) v
            UNION ALL SELECT ${columns}, (${corrected}), 1 FROM (${found}) v) sides
     GROUP BY ${columns}, _corrected`;
  const counted = await client.query<Record<'rows' | 'corrected' | 'differences', string>>(
    `SELECT coalesce(sum(_found), 0) AS rows, coalesce(sum(_rows) FILTER (WHERE _corrected), 0) AS corrected,
            coalesce(sum(abs(_balance)) FILTER (WHERE NOT _corrected), 0) AS differences FROM (${rows}) r`,
  );
  const [one] = counted.rows;
  const differences = Number(one?.differences);
  const samples =
    differences === 0
      ? []
      : (await client.query(`${rows} HAVING NOT _corrected AND sum(_side) <> 0 LIMIT 4`)).rows;
  return {
    what,
    rows: Number(one?.rows),
    corrected: Number(one?.corrected),
    differences,
    samples: JSON.stringify(samples),
  };
}
