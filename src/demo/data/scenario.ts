import type { Sizes } from './sizes.ts';
import { gzipSync } from 'node:zlib';
import { Temporal } from 'temporal-polyfill';
import type { Day } from '../../project/model.ts';
import {
  DEMO_SIZES,
  DELIVERY_KINDS,
  type DeliveryKind,
  deliveryKey,
  deliveryLines,
  generateDelivery,
} from './deliveries.ts';

/** One delivery of the demo. */
export interface Spot {
  dataset: DeliveryKind;
  day: Day;
}

/** What the demo's bucket holds, and what is wrong with it. */
export interface DemoScenario {
  /** Every day that has deliveries, oldest first; the last one is yesterday. */
  days: Day[];
  datasets: DeliveryKind[];
  sizes: Sizes;
  /** Not there at first; it arrives while somebody looks. */
  missing: Spot & { arrivesAfterSeconds: number };
  /** Delivered under another header, so its load fails. */
  failed: Spot;
  /** First delivered without one instance and with cut-off user agents, and put there again, whole, after it was loaded. */
  changed: Spot;
  /** A gzip file with a damaged middle. */
  corrupt: Spot;
}

/** The instance whose visits the first export of the changed day lacks. */
const LATE_INSTANCE = 'agent.justice.tchap.gouv.fr';

/**
 * The demo's story, as seen on a day.
 * @param today 'YYYY-MM-DD'; the newest delivery is the day before's
 */
export function demoScenario(today: Day, weeks = 5): DemoScenario {
  const date = Temporal.PlainDate.from(today);
  const back = (days: number): Day => date.subtract({ days }).toString();
  return {
    days: Array.from({ length: weeks * 7 }, (_, index) => back(weeks * 7 - index)),
    // Pushers are switched off, as they are in the original: nobody delivers them.
    datasets: DELIVERY_KINDS.filter((kind) => kind !== 'pushers'),
    sizes: DEMO_SIZES,
    missing: { dataset: 'user_daily_visits', day: back(3), arrivesAfterSeconds: 45 },
    failed: { dataset: 'events', day: back(6) },
    changed: { dataset: 'user_daily_visits', day: back(10) },
    corrupt: { dataset: 'crisp', day: back(2) },
  };
}

/** An object to be put into the demo's bucket, and when. */
export interface DemoObject extends Spot {
  key: string;
  /** Made when it is asked for: a second start of the demo needs few of them. */
  body: () => Buffer;
  /** At the start, after everything of the start was loaded, or so long after the console opened. */
  when: 'start' | 'after-load' | { seconds: number };
}

/** Every object of a scenario, oldest day first; the changed one twice, under one key. */
export function demoObjects(scenario: DemoScenario): DemoObject[] {
  return scenario.days.flatMap((day) =>
    scenario.datasets.flatMap((dataset) => objectsOf(scenario, { dataset, day })),
  );
}

function objectsOf(scenario: DemoScenario, spot: Spot): DemoObject[] {
  const key = deliveryKey(spot.dataset, spot.day);
  const whole = (): Buffer => generateDelivery(spot.dataset, spot.day, scenario.sizes);
  if (isAt(spot, scenario.missing)) {
    return [{ ...spot, key, body: whole, when: { seconds: scenario.missing.arrivesAfterSeconds } }];
  }
  if (isAt(spot, scenario.failed)) {
    return [{ ...spot, key, body: () => withOtherHeader(spot, scenario.sizes), when: 'start' }];
  }
  if (isAt(spot, scenario.changed)) {
    return [
      { ...spot, key, body: () => incomplete(spot, scenario.sizes), when: 'start' },
      { ...spot, key, body: whole, when: 'after-load' },
    ];
  }
  if (isAt(spot, scenario.corrupt)) {
    return [{ ...spot, key: `${key}.gz`, body: () => damaged(gzipSync(whole())), when: 'start' }];
  }
  return [{ ...spot, key, body: whole, when: 'start' }];
}

function isAt(spot: Spot, other: Spot): boolean {
  return spot.dataset === other.dataset && spot.day === other.day;
}

function withOtherHeader({ dataset, day }: Spot, sizes: Sizes): Buffer {
  const [header = '', ...rows] = deliveryLines(dataset, day, sizes);
  return Buffer.from([header.replace('hour', 'hour_utc'), ...rows].join(''));
}

/**
 * Visits without the late instance, and without user agents on the oldest day: of the other days those of later
 * deliveries stand, so that there alone it shows what was wrong.
 */
function incomplete({ dataset, day }: Spot, sizes: Sizes): Buffer {
  const oldest = Temporal.PlainDate.from(day)
    .subtract({ days: sizes.windowDays - 1 })
    .toString();
  const agent = new RegExp(`^([^,]*,[^,]*,${oldest}[^,]*),(?:"[^"]*"|[^,]*)`);
  const lines = [...deliveryLines(dataset, day, sizes)];
  const there = lines.filter((line) => !line.includes(`,${LATE_INSTANCE},`));
  return Buffer.from(there.map((line) => line.replace(agent, '$1,Mozilla/5.0')).join(''));
}

function damaged(file: Buffer): Buffer {
  const middle = Math.floor(file.length / 2);
  return Buffer.concat([file.subarray(0, middle), Buffer.alloc(16, 0xff), file.subarray(middle + 16)]);
}
