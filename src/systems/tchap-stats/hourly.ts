import type { DatasetInput, TableInput } from '../../project/input.ts';
import { COMMON_GUARDS, firstWinsCorrection, winnerOf } from './common.ts';
import { DAILY } from './freshness.ts';
import type { Settings } from './settings.ts';

// Hours, domains and instances make some thousand rows a day: these tables need no partitions.

export function subscriptions(settings: Settings): DatasetInput {
  return {
    name: 'subscriptions',
    description: 'New accounts per hour, domain and instance',
    key: 'subscriptions_aggregate_{period}.csv',
    carries: { kind: 'window', key: ['domain', 'hour', 'instance'], winner: winnerOf(settings) },
    file: ['subscriptions', 'domain', 'hour', 'instance'],
    table: {
      name: 'subscriptions_aggregate',
      columns: { subscriptions: 'integer', domain: 'varchar', hour: 'timestamptz', instance: 'varchar' },
      keyIndex: 'unique_subscriptions_idx',
    },
    duplicates: ['subscriptions DESC'],
    guards: COMMON_GUARDS,
    freshness: { column: 'hour', ...DAILY },
    corrections: [firstWinsCorrection('An hour', 'count')],
  };
}

const EVENTS_TABLE: TableInput = {
  name: 'events_aggregate',
  columns: {
    events: 'integer',
    domain: 'varchar',
    hour: 'timestamptz',
    instance: 'varchar',
    type: 'varchar',
  },
  keyIndex: 'unique_events_idx',
  indexes: [{ name: 'events_aggregate_hour_to_week', columns: ['hour'] }],
};

export function events(settings: Settings): DatasetInput {
  return {
    name: 'events',
    description: 'Messages and calls per hour, type, domain and instance',
    key: 'events_roomv9_aggregate_{period}.csv',
    carries: { kind: 'window', key: ['domain', 'hour', 'instance', 'type'], winner: winnerOf(settings) },
    // Since 2022-02-14 the file's order is not the table's.
    file: ['events', 'type', 'domain', 'hour', 'instance'],
    table: EVENTS_TABLE,
    duplicates: ['events DESC'],
    guards: COMMON_GUARDS,
    freshness: { column: 'hour', ...DAILY },
    corrections: [firstWinsCorrection('An hour', 'count')],
  };
}

export function eventsBeforeRoomV9(settings: Settings): DatasetInput {
  const { freshness: _, ...rest } = events(settings);
  return {
    ...rest,
    name: 'events_before_roomv9',
    description: 'Messages and calls as they were counted before rooms of version 9',
    off: 'Replaced by events (events_roomv9_aggregate) on 2024-05-06; both fill events_aggregate',
    key: 'events_aggregate_{period}.csv',
  };
}
