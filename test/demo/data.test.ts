import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  DELIVERY_KINDS,
  DEMO_SIZES,
  type DeliveryKind,
  deliveryKey,
  deliveryLines,
  generateDelivery,
  usersForVisits,
} from '../../src/demo/data/deliveries.ts';
import { daysUpTo } from '../../src/demo/data/calendar.ts';
import { demoObjects, demoScenario } from '../../src/demo/data/scenario.ts';
import tchapStats from '../../src/systems/tchap-stats/index.ts';

const SMALL = { users: 300 };
const DAY = '2026-11-17';

/** The fields of a line of CSV, and whether each was quoted. */
function fieldsOf(line: string): Array<{ value: string; quoted: boolean }> {
  return [...line.trimEnd().matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map((match) => ({
    value: match[1]?.replaceAll('""', '"') ?? match[2] ?? '',
    quoted: match[1] !== undefined,
  }));
}

function rowsOf(kind: DeliveryKind, day = DAY, sizes = SMALL): string[][] {
  return [...deliveryLines(kind, day, sizes)]
    .slice(1)
    .map((line) => fieldsOf(line).map(({ value }) => value));
}

describe('a generated delivery', () => {
  it.each(DELIVERY_KINDS)('of %s is always the same, and another one with another seed', (kind) => {
    const one = generateDelivery(kind, DAY, SMALL);
    expect(generateDelivery(kind, DAY, SMALL).equals(one)).toBe(true);
    expect(generateDelivery(kind, DAY, { ...SMALL, seed: 8 }).equals(one)).toBe(false);
  });

  it.each(DELIVERY_KINDS)('of %s has the key and the header that tchap-stats reads', (kind) => {
    const dataset = tchapStats.resolve({}).datasets.find((each) => each.name === kind);
    expect(deliveryKey(kind, DAY)).toBe(dataset?.key.replace('{period}', DAY));
    const [header] = deliveryLines(kind, DAY, SMALL);
    expect(header).toBe(`${dataset?.file.map((column) => column.header).join(',')}\n`);
  });

  it.each(DELIVERY_KINDS)('of %s has rows of as many fields as its header', (kind) => {
    const lines = [...deliveryLines(kind, DAY, SMALL)];
    expect(lines.length).toBeGreaterThan(20);
    const counts = new Set(lines.map((line) => fieldsOf(line).length));
    expect(counts.size).toBe(1);
  });

  it.each(DELIVERY_KINDS)('of %s ends its last line, unless it is of subscriptions', (kind) => {
    expect(generateDelivery(kind, DAY, SMALL).toString().endsWith('\n')).toBe(kind !== 'subscriptions');
  });

  it('of visits has ids that begin with a backslash', () => {
    for (const [user, device] of rowsOf('user_daily_visits')) {
      expect(user).toMatch(/^\\x[0-9a-f]{32}$/);
      expect(device).toMatch(/^\\x[0-9a-f]{24}$/);
    }
  });

  it('of visits quotes user agents only where they have a comma, and has both', () => {
    const agents = [...deliveryLines('user_daily_visits', DAY, SMALL)]
      .slice(1)
      .map((line) => fieldsOf(line)[3]);
    expect(new Set(agents.map((agent) => agent?.quoted))).toEqual(new Set([true, false]));
    for (const agent of agents) expect(agent?.quoted).toBe(agent?.value.includes(','));
  });

  it('spells times in three ways, with the offset that Paris has on that day', () => {
    const time = (kind: DeliveryKind, column: number, day: string) => rowsOf(kind, day)[0]?.[column];
    expect(time('user_daily_visits', 2, '2026-11-17')).toBe('2026-11-17 00:00:00+01');
    expect(time('user_daily_visits', 2, '2026-07-07')).toBe('2026-07-07 00:00:00+02');
    // Summer time ends in the course of the 25th, whose midnight still has it.
    expect(time('user_daily_visits', 2, '2026-10-25')).toBe('2026-10-25 00:00:00+02');
    expect(time('events', 3, '2026-11-17')).toMatch(/^2026-11-17 \d\d:00:00\+01$/);
    expect(time('subscriptions', 2, '2026-11-17')).toMatch(/^2026-11-17 \d\d:00:00 \+01:00$/);
    expect(time('crisp', 3, '2026-11-17')).toMatch(/^2026-11-17 \d\d:\d\d:\d\d$/);
  });

  it.each(['user_daily_visits', 'subscriptions', 'events'] as const)(
    'of %s carries its own day and the four before it',
    (kind) => {
      const column = { user_daily_visits: 2, subscriptions: 2, events: 3 }[kind];
      const days = new Set(rowsOf(kind).map((row) => row[column]?.slice(0, 10)));
      expect([...days].reverse()).toEqual([
        '2026-11-13',
        '2026-11-14',
        '2026-11-15',
        '2026-11-16',
        '2026-11-17',
      ]);
    },
  );

  it('of visits corrects the day before: some come later, some get another agent, none disappears', () => {
    const onDay = (delivery: string) =>
      new Map(
        rowsOf('user_daily_visits', delivery)
          .filter((row) => row[2]?.startsWith(DAY))
          .map((row) => [`${row[0]} ${row[1]}`, row[3]]),
      );
    const [first, second, third] = [onDay(DAY), onDay('2026-11-18'), onDay('2026-11-19')];
    expect([...first.keys()].every((key) => second.has(key))).toBe(true);
    expect(second.size).toBeGreaterThan(first.size);
    expect([...first].some(([key, agent]) => second.get(key) !== agent)).toBe(true);
    expect(third).toEqual(second);
  });

  it('of visits has one row per user, device and day', () => {
    const keys = rowsOf('user_daily_visits').map((row) => row.slice(0, 3).join(' '));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('has fewer visits on weekends and holidays, and more of them as time goes by', () => {
    const visits = (day: string) =>
      rowsOf('user_daily_visits', day).filter((row) => row[2]?.startsWith(day)).length;
    const tuesday = visits('2026-11-17');
    expect(visits('2026-11-15')).toBeLessThan(tuesday / 3);
    expect(visits('2026-11-11')).toBeLessThan(tuesday / 2);
    expect(visits('2027-11-16')).toBeGreaterThan(tuesday * 1.15);
  });

  it('of accounts has keys that stand twice, empty contents, and contents that change', () => {
    const rows = rowsOf('account_data', DAY, { users: 3000 });
    const keys = rows.map((row) => `${row[0]} ${row[1]}`);
    expect(new Set(keys).size).toBeLessThan(keys.length);
    expect(rows.some((row) => row[2] === '')).toBe(true);
    const later = new Map(
      rowsOf('account_data', '2026-11-24', { users: 3000 }).map((row) => [row[0], row[2]]),
    );
    expect(
      rows.some((row) => row[1] === 'fr.gouv.tchap.settings' && later.get(row[0] ?? '') !== row[2]),
    ).toBe(true);
  });

  it('of conversations has ones that are resolved later, ones without domain, and letters for segments', () => {
    const rows = rowsOf('crisp');
    const stateOf = new Map(rowsOf('crisp', '2026-11-23').map((row) => [row[0], row[1]]));
    expect(rows.some((row) => row[1] !== 'resolved' && stateOf.get(row[0] ?? '') === 'resolved')).toBe(true);
    expect(rows.some((row) => row[5] === '')).toBe(true);
    expect(rows.filter((row) => row[2] === '/').length).toBeGreaterThan(0);
    expect(rows.every((row) => (row[3] ?? '') < (row[4] ?? ''))).toBe(true);
  });

  it('of sign-ins adds up', () => {
    for (const [total, , , ...parts] of rowsOf('sso')) {
      expect(parts.map(Number).reduce((sum, part) => sum + part, 0)).toBe(Number(total));
    }
  });

  it.each(DELIVERY_KINDS)('of %s never trips the guard on row counts in a year', (kind) => {
    // Rows per hour and domain are too few to be even when there are few users.
    const sizes = { users: kind === 'subscriptions' ? DEMO_SIZES.users : 200 };
    const counts = daysUpTo('2027-01-10', 400)
      .reverse()
      .map((day) => [...deliveryLines(kind, day.name, sizes)].length - 1);
    for (let at = 28; at < counts.length; at += 1) {
      const before = counts.slice(at - 28, at).sort((a, b) => a - b);
      const median = before[14] ?? 0;
      expect((counts[at] ?? 0) / median).toBeGreaterThan(0.5);
      expect((counts[at] ?? 0) / median).toBeLessThan(2);
    }
  });

  it('can be made for about a number of visits a day', () => {
    const rows = rowsOf('user_daily_visits', DAY, { users: usersForVisits(5000) });
    const visits = rows.filter((row) => row[2]?.startsWith(DAY)).length;
    expect(visits).toBeGreaterThan(4500);
    expect(visits).toBeLessThan(5500);
  });
});

describe('the demo', () => {
  const scenario = { ...demoScenario('2026-11-23', 5), sizes: { seed: 7, users: 300, windowDays: 5 } };
  const objects = demoObjects(scenario);

  function at(spot: { dataset: string; day: string }) {
    return objects.filter((object) => object.dataset === spot.dataset && object.day === spot.day);
  }

  it('has every day of five weeks up to yesterday, for every dataset that is switched on', () => {
    expect([scenario.days.length, scenario.days[0], scenario.days.at(-1)]).toEqual([
      35,
      '2026-10-19',
      '2026-11-22',
    ]);
    const on = tchapStats.resolve({}).datasets.filter((dataset) => dataset.off === undefined);
    expect([...scenario.datasets].sort()).toEqual(on.map((dataset) => dataset.name).sort());
    const cells = new Set(objects.map((object) => `${object.dataset} ${object.day}`));
    expect(cells.size).toBe(35 * on.length);
    expect(objects.length).toBe(cells.size + 1);
  });

  it('has a day that is missing at first and then arrives', () => {
    expect(at(scenario.missing)).toMatchObject([
      { key: 'user_daily_visits_2026-11-20.csv', when: { seconds: scenario.missing.arrivesAfterSeconds } },
    ]);
  });

  it('has a day under another header', () => {
    const [object] = at(scenario.failed);
    expect(object?.when).toBe('start');
    const [header, first] = object?.body().toString().split('\n') ?? [];
    expect(header).toBe('events,type,domain,hour_utc,instance');
    expect(first).toMatch(/^\d+,m\./);
  });

  it('has a day that changes at the source after it was loaded, and then has more rows', () => {
    const [first, second] = at(scenario.changed);
    expect([first?.when, second?.when]).toEqual(['start', 'after-load']);
    expect(first?.key).toBe(second?.key);
    const [less, more] = [first, second].map((object) => object?.body().toString().split('\n').length ?? 0);
    expect(less).toBeLessThan(more ?? 0);
    expect(less).toBeGreaterThan((more ?? 0) * 0.6);
    // What no later delivery has, so that a comparison finds it.
    const cut =
      first
        ?.body()
        .toString()
        .match(/^[^,]*,[^,]*,(2026-11-\d\d) [^,]*,Mozilla\/5\.0,/gm) ?? [];
    expect(cut.length).toBeGreaterThan(100);
    expect(new Set(cut.map((line) => line.split(',')[2]?.slice(0, 10)))).toEqual(new Set(['2026-11-09']));
    expect(second?.body().toString()).not.toMatch(/,Mozilla\/5\.0,/);
  });

  it('has a damaged gzip file', () => {
    const [object] = at(scenario.corrupt);
    expect(object?.key).toBe('crisp_conversation_segments_2026-11-21.csv.gz');
    const body = object?.body() ?? Buffer.of();
    expect([...body.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    expect(() => gunzipSync(body)).toThrow(/invalid|incorrect|unexpected/);
  });
});
