import type { Sizes } from './sizes.ts';
import type { Day } from '../../project/model.ts';
import { conversationRows } from './conversations.ts';
import { record } from './csv.ts';
import { eventRows, subscriptionRows } from './hourly.ts';
import { visitsPerThousand } from './people.ts';
import { accountDataRows, pusherRows, ssoRows } from './snapshots.ts';
import { visitRows } from './visits.ts';

/** Some five thousand rows in a delivery of visits: five weeks of everything load in seconds. */
export const DEMO_SIZES: Sizes = { seed: 7, users: 2400, windowDays: 5 };

interface Kind {
  prefix: string;
  header: readonly string[];
  rows: (day: Day, sizes: Sizes) => Iterable<string>;
  /** Its exporter does not end the last line. */
  openEnd?: boolean;
}

/** The exporters' side of the seven kinds of file: written apart from the definition that reads them. */
const KINDS = {
  user_daily_visits: {
    prefix: 'user_daily_visits',
    header: ['user_id', 'device_id', 'visit_ts', 'user_agent', 'instance', 'domain'],
    rows: visitRows,
  },
  subscriptions: {
    prefix: 'subscriptions_aggregate',
    header: ['subscriptions', 'domain', 'hour', 'instance'],
    rows: subscriptionRows,
    openEnd: true,
  },
  events: {
    prefix: 'events_roomv9_aggregate',
    header: ['events', 'type', 'domain', 'hour', 'instance'],
    rows: eventRows,
  },
  pushers: {
    prefix: 'pushers',
    header: ['user_name', 'device_id', 'app_id', 'kind', 'enabled', 'instance', 'domain'],
    rows: pusherRows,
  },
  account_data: {
    prefix: 'account_data',
    header: ['user_id', 'account_data_type', 'content', 'instance', 'domain'],
    rows: accountDataRows,
  },
  sso: {
    prefix: 'sso',
    header: [
      'total_users',
      'domain',
      'instance',
      'users_legacy',
      'users_both_authentication',
      'users_proconnect',
    ],
    rows: ssoRows,
  },
  crisp: {
    prefix: 'crisp_conversation_segments',
    header: ['session_id', 'state', 'segment', 'created_at', 'updated_at', 'domain'],
    rows: conversationRows,
  },
} satisfies Record<string, Kind>;

export type DeliveryKind = keyof typeof KINDS;

export const DELIVERY_KINDS = Object.keys(KINDS) as DeliveryKind[];

/** The key of a delivery in the bucket: 'subscriptions_aggregate_2026-11-17.csv'. */
export function deliveryKey(kind: DeliveryKind, day: Day): string {
  return `${KINDS[kind].prefix}_${day}.csv`;
}

/** A delivery line by line, the header first, each line with its end. The same arguments give the same text. */
export function* deliveryLines(kind: DeliveryKind, day: Day, sizes: Partial<Sizes> = {}): Iterable<string> {
  const { header, rows, openEnd }: Kind = KINDS[kind];
  let last = record(header);
  for (const row of rows(day, { ...DEMO_SIZES, ...sizes })) {
    yield last;
    last = row;
  }
  yield openEnd ? last.replace(/\n$/, '') : last;
}

/** A whole delivery as the bytes of its file. */
export function generateDelivery(kind: DeliveryKind, day: Day, sizes: Partial<Sizes> = {}): Buffer {
  return Buffer.from([...deliveryLines(kind, day, sizes)].join(''));
}

/** How many users give about this number of visits on an ordinary day. */
export function usersForVisits(visits: number, seed = DEMO_SIZES.seed): number {
  return Math.max(1, Math.round((visits / visitsPerThousand(seed)) * 1000));
}
