import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Day } from '../../src/project/model.ts';
import { addPeriods } from '../../src/project/period.ts';
import { FURTHER_DEVICE, type Population, WEEKS_BEFORE } from './population.ts';

/** The file's columns, and the raw table's. */
const FILE = 'user_id, device_id, visit_ts, user_agent, instance, domain';
export const RAW = `${FILE}, platform, device_type, visit_date`;

/** How a delivery differs from what the next one of the same day will hold. */
const LATE = { missing: 0.015, behind: 0.02, other: 0.005 };

/** True for about this share of all, always for the same ones. */
function chance(likelihood: string, number: string, salt: number): string {
  return `((hashint8extended(${number}, ${salt}) & 1048575) < (${likelihood}) * 1048576)`;
}

/** The delivery's own day in the table: midnight in Paris is the evening before in UTC. */
export function visitDay(delivery: Day): Day {
  return addPeriods(delivery, -1);
}

/**
 * SELECT of the visits that a delivery carries, with what is computed of them: the same arguments give the same rows.
 * A `late` delivery lacks those of a server that was down, has older agents of some devices, and some that are another
 * device's: that of the same day that comes after it has all of them right.
 */
export function visitsSql(population: Population, at: number, late = false): string {
  const day = addPeriods(population.first, at);
  const week = WEEKS_BEFORE + Math.floor(at / 7) + 1;
  const salt = at * 8;
  const agent = late
    ? `CASE WHEN ${chance(String(LATE.other), 'd.device', salt + 3)}
            THEN 1 + (hashint8extended(d.device, ${salt}) & 1048575) % (SELECT count(*) FROM people.user_daily_visits)
            WHEN ${chance(String(LATE.behind), 'd.device', salt + 4)} THEN d.agents[${week - 9}] ELSE d.agents[${week}] END`
    : `d.agents[${week}]`;
  const [oldest, newest] = [at * population.turnover, at * population.turnover + population.accounts];
  return `SELECT d.user_id, d.device_id, t.visit_ts, a.user_agent, d.instance, d.domain, a.platform, a.device_type,
       (t.visit_ts AT TIME ZONE 'UTC')::date AS visit_date
  FROM people.device d
  JOIN people.user_daily_visits a ON a.id = ${agent}
 CROSS JOIN (SELECT '${day}'::timestamp AT TIME ZONE 'Europe/Paris' AS visit_ts) t
 WHERE d.account >= ${oldest} AND d.account < ${newest}
   AND ${chance('d.habit', 'd.account', salt + 1)}
   AND (d.nth = 0 OR ${chance(String(FURTHER_DEVICE), 'd.device', salt + 2)})
   ${late ? `AND NOT ${chance(String(LATE.missing), 'd.device', salt + 5)}` : ''}`;
}

/** Writes a delivery's file from rows on the server, as its exporter would: Paris time, quotes where they must be. */
export async function writeDelivery(client: pg.Client, select: string, file: string): Promise<void> {
  await client.query(`SET TimeZone = 'Europe/Paris'`);
  const copy = client.query(
    copyTo(`COPY (SELECT ${FILE} FROM (${select}) v) TO STDOUT (FORMAT csv, HEADER)`),
  );
  await pipeline(copy, createWriteStream(file));
  await client.query('RESET TimeZone');
}
