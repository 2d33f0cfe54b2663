import { deliveryDay } from '../../project/enrichments.ts';
import type { DatasetInput, IndexInput } from '../../project/input.ts';
import { COMMON_GUARDS, LOAD_DATE_CORRECTION, PERSONAL, stampDays } from './common.ts';
import { CONVERSATIONS, DAILY } from './freshness.ts';
import type { Settings } from './settings.ts';

function indexes(table: string, ...columns: string[]): IndexInput[] {
  return columns.map((column) => ({ name: `${table}_${column}_idx`, columns: [column] }));
}

export function accountData(): DatasetInput {
  return {
    name: 'account_data',
    description: 'Settings of accounts; those that vanish at the source stay',
    key: 'account_data_{period}.csv',
    carries: { kind: 'snapshot', mode: 'merge', key: ['user_id', 'account_data_type'] },
    file: ['user_id', 'account_data_type', 'content', 'instance', 'domain'],
    table: {
      name: 'account_data_aggregate',
      columns: {
        user_id: PERSONAL,
        account_data_type: 'varchar',
        content: { type: 'varchar', nullable: true },
        instance: 'varchar',
        domain: 'varchar',
      },
      keyIndex: 'account_data_aggregate_pk',
      indexes: indexes('account_data_aggregate', 'domain', 'account_data_type', 'instance'),
    },
    duplicates: ['content'],
    guards: COMMON_GUARDS,
    corrections: [
      {
        original: 'Whichever file is loaded last decides, also when it is an older one.',
        corrected: 'The newest delivery decides, in whatever order deliveries are loaded.',
      },
      {
        original: 'Only content follows the source; instance and domain stay those of the first load.',
        corrected: "The whole row is the newest delivery's.",
      },
    ],
  };
}

export function sso(settings: Settings): DatasetInput {
  return {
    name: 'sso',
    description: 'Accounts by way of signing in, per domain and instance, one snapshot a day',
    key: 'sso_{period}.csv',
    carries: { kind: 'period', column: 'added_date' },
    file: [
      'total_users',
      'domain',
      'instance',
      { header: 'users_legacy', column: 'only_pwd' },
      // The table's column has always been spelled like this.
      { header: 'users_both_authentication', column: 'pwd_and_prococonnect' },
      { header: 'users_proconnect', column: 'only_proconnect' },
    ],
    table: {
      name: 'sso_aggregate',
      columns: {
        total_users: 'integer',
        domain: 'varchar',
        instance: 'varchar',
        only_pwd: 'integer',
        pwd_and_prococonnect: 'integer',
        only_proconnect: 'integer',
        added_date: { type: 'date', value: deliveryDay(stampDays(settings)) },
      },
      indexes: [
        // Not unique, whatever its name says, as in the original.
        { name: 'unique_sso_aggregate_domain_idx', columns: ['added_date', 'domain', 'instance'] },
        ...indexes('sso_aggregate', 'domain', 'instance', 'added_date'),
      ],
    },
    guards: COMMON_GUARDS,
    freshness: { column: 'added_date', ...DAILY },
    corrections: [
      LOAD_DATE_CORRECTION,
      {
        original: 'Loading a file twice doubles its rows.',
        corrected: 'A delivery replaces what it brought before.',
      },
    ],
  };
}

export function crisp(): DatasetInput {
  return {
    name: 'crisp',
    description: 'Support conversations and their segments, of the last days',
    key: 'crisp_conversation_segments_{period}.csv',
    carries: { kind: 'window', key: ['session_id', 'segment'] },
    file: ['session_id', 'state', 'segment', 'created_at', 'updated_at', 'domain'],
    table: {
      name: 'crisp_conversation_segments',
      columns: {
        session_id: 'varchar',
        segment: 'varchar',
        state: 'varchar',
        domain: { type: 'varchar', nullable: true },
        created_at: 'timestamp',
        updated_at: 'timestamp',
      },
      keyIndex: 'unique_crisp_conversation_segments_idx',
      indexes: indexes(
        'crisp_conversation_segments',
        'session_id',
        'segment',
        'domain',
        'state',
        'created_at',
      ),
    },
    duplicates: ['updated_at DESC', 'state', 'domain', 'created_at'],
    guards: COMMON_GUARDS,
    freshness: { column: 'updated_at', ...CONVERSATIONS },
    corrections: [
      {
        original: 'An older file that is loaded later puts old states back, and updated_at goes backwards.',
        corrected: 'The newest delivery decides, in whatever order deliveries are loaded.',
      },
      {
        original: 'Which of two rows of one file stands is left open; domain and created_at never change.',
        corrected: "The one updated last stands; the whole row is the newest delivery's.",
      },
    ],
  };
}

export function pushers(settings: Settings): DatasetInput {
  return {
    name: 'pushers',
    description: 'Devices that receive notifications, one snapshot a day',
    off: 'Switched off on 2025-12-23: it takes 40 GB and is not really used',
    key: 'pushers_{period}.csv',
    carries: { kind: 'period', column: 'added_date', key: ['added_date', 'kind', 'app_id', 'device_id'] },
    file: [
      'user_name',
      'device_id',
      'app_id',
      'kind',
      { header: 'enabled', column: 'is_enabled' },
      'instance',
      'domain',
    ],
    table: {
      name: 'pushers_aggregate',
      columns: {
        user_name: PERSONAL,
        device_id: PERSONAL,
        app_id: { type: 'varchar', nullable: true },
        kind: { type: 'varchar', nullable: true },
        is_enabled: { type: 'boolean', nullable: true },
        instance: 'varchar',
        domain: 'varchar',
        added_date: { type: 'date', value: deliveryDay(stampDays(settings)) },
      },
      keyIndex: 'pushers_aggregate_unique',
      indexes: indexes('pushers_aggregate', 'kind'),
    },
    duplicates: ['user_name', 'instance', 'domain', 'is_enabled DESC'],
    guards: COMMON_GUARDS,
    corrections: [
      LOAD_DATE_CORRECTION,
      {
        original: 'Rows without kind or app_id are added again by each load.',
        corrected: 'A delivery replaces what it brought before.',
      },
    ],
  };
}
