import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { userAgent } from '../../src/demo/data/agents.ts';
import { calendarDay } from '../../src/demo/data/calendar.ts';
import { DEMO_SIZES } from '../../src/demo/data/deliveries.ts';
import { userAt } from '../../src/demo/data/people.ts';
import { share } from '../../src/demo/data/random.ts';
import type { Day } from '../../src/project/model.ts';
import { addPeriods } from '../../src/project/period.ts';

const { seed } = DEMO_SIZES;

/** Accounts that come, and go, each day, as a share of all. */
const TURNOVER = 0.0005;
/** How likely somebody with the least, and with the most, habit uses the messenger on a day. */
const HABIT = { least: 0.55, most: 1 };
/** How likely each further device of somebody who does is used too. */
export const FURTHER_DEVICE = 0.4;
/** Devices beyond the first, per account, as the demo's people have them: 38 % have one, 10 % two. */
const FURTHER_DEVICES = 0.58;
/** Agents are known from this many weeks before the first day, for those that were behind. */
export const WEEKS_BEFORE = 10;

/** Those who visit, and how many rows a day they make. */
export interface Population {
  /** The first day; days are numbered from it. */
  first: Day;
  days: number;
  /** Accounts at any time. */
  accounts: number;
  /** Accounts that come and go each day. */
  turnover: number;
}

/** A population that makes about `rows` visits on each of `days` days up to `last`. */
export function populationFor(rows: number, days: number, last: Day): Population {
  const visitsPerAccount = ((HABIT.least + HABIT.most) / 2) * (1 + FURTHER_DEVICE * FURTHER_DEVICES);
  const accounts = Math.round(rows / visitsPerAccount);
  return { first: addPeriods(last, 1 - days), days, accounts, turnover: Math.round(accounts * TURNOVER) };
}

/**
 * Puts the demo's users, devices and agents on the server, in the schema `people`: a device's agents as an array with
 * one for each week, as numbers of the agents' table. That has the raw table's name, so that the shell way's own
 * enrichment gives each agent its platform and device type.
 */
export async function createPeople(client: pg.Client, population: Population): Promise<void> {
  await client.query(`CREATE SCHEMA people; SET search_path = people;
    CREATE UNLOGGED TABLE device (account integer, nth integer, device bigint, habit real,
      user_id varchar, device_id varchar, instance varchar, domain varchar, agents integer[]);
    CREATE UNLOGGED TABLE user_daily_visits (id integer PRIMARY KEY, user_agent varchar, platform varchar, device_type varchar)`);
  const agents = new Map<string, number>();
  await copyLines(client, 'device', deviceLines(population, agents));
  await copyLines(client, 'user_daily_visits (id, user_agent)', agentLines(agents));
  await client.query(await readFile(join(import.meta.dirname, 'shell', 'enrich.sql'), 'utf8'));
  await client.query('ANALYZE device; ANALYZE user_daily_visits; RESET search_path');
}

async function copyLines(client: pg.Client, table: string, lines: Iterable<string>): Promise<void> {
  await pipeline(Readable.from(lines), client.query(copyFrom(`COPY ${table} FROM STDIN (FORMAT csv)`)));
}

function* deviceLines(population: Population, agents: Map<string, number>): Iterable<string> {
  const { accounts, turnover, days } = population;
  const firstDay = calendarDay(population.first).number - 7 * WEEKS_BEFORE;
  const weeks = Array.from(
    { length: WEEKS_BEFORE + Math.ceil(days / 7) },
    (_, week) => firstDay + 7 * week + 6,
  );
  for (let account = 0; account < accounts + turnover * days; account += 1) {
    const { id, place, devices } = userAt(seed, account);
    const habit = HABIT.least + (HABIT.most - HABIT.least) * share(seed, account, 35);
    yield devices
      .map((device, nth) => {
        const sent = weeks.map((day) => numberOf(agents, userAgent(seed, device.number, day)));
        const fields = [
          account,
          nth,
          device.number,
          habit.toFixed(4),
          id,
          device.id,
          place.instance,
          place.domain,
        ];
        return `${fields.join(',')},"{${sent.join(',')}}"\n`;
      })
      .join('');
  }
}

function numberOf(agents: Map<string, number>, agent: string): number {
  const known = agents.get(agent);
  if (known !== undefined) return known;
  agents.set(agent, agents.size + 1);
  return agents.size;
}

function* agentLines(agents: ReadonlyMap<string, number>): Iterable<string> {
  for (const [agent, number] of agents) yield `${number},"${agent.replaceAll('"', '""')}"\n`;
}
