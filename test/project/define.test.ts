import { describe, expect, it } from 'vitest';
import { defineProject, isProjectDefinition } from '../../src/project/define.ts';
import { soundInput } from './definition.ts';

describe('a resolved project', () => {
  it('has every default filled in', () => {
    const project = defineProject(soundInput()).resolve({});
    expect(project).toMatchObject({
      title: 'shop',
      timeZone: 'UTC',
      schedule: { at: '01:00', timeZone: 'UTC', atStart: false, catchUpDays: 7 },
      sources: { s3: { kind: 's3' } },
      existing: {},
      parity: [],
      keepVersionsDays: 30,
    });
    expect(project.datasets[0]).toMatchObject({
      description: '',
      source: 's3',
      period: 'day',
      timeZone: 'UTC',
      carries: { kind: 'window', key: ['id', 'placed_at'], winner: 'newest' },
      duplicates: [],
      guards: { empty: 'stop' },
      expected: { days: 1, at: '01:00' },
      corrections: [],
    });
    expect(project.datasets[0]?.table).toMatchObject({ schema: 'public', name: 'orders' });
    expect(project.rollups[0]).toMatchObject({
      groups: [{ name: 'placed_on', type: 'date', sql: '"placed_on"' }],
      bucket: { group: 'placed_on', unit: 'day' },
      published: { schema: 'public', name: 'orders_by_day', columns: ['placed_on', 'orders', 'total'] },
      timeZone: 'UTC',
    });
    expect(project.checks[0]).toMatchObject({ severity: 'error', timeoutSeconds: 300 });
  });

  it('has its columns in the order in which they were written, NOT NULL unless said otherwise', () => {
    const [dataset] = defineProject(soundInput()).resolve({}).datasets;
    expect(dataset?.table.columns).toEqual([
      { name: 'id', type: 'text', nullable: false },
      { name: 'placed_at', type: 'timestamptz', nullable: false },
      { name: 'total', type: 'numeric(12, 2)', nullable: true },
      { name: 'placed_on', type: 'date', nullable: false, value: { kind: 'dayOf', column: 'placed_at' } },
    ]);
    expect(dataset?.file.map(({ header, column }) => `${header}>${column}`)).toEqual([
      'id>id',
      'when>placed_at',
      'total>total',
    ]);
  });

  it('takes its time zone over to datasets and rollups that have none of their own', () => {
    const input = { ...soundInput(), timeZone: 'Europe/Paris' };
    const project = defineProject(input).resolve({});
    expect([project.datasets[0]?.timeZone, project.rollups[0]?.timeZone]).toEqual([
      'Europe/Paris',
      'Europe/Paris',
    ]);
  });

  it('publishes nothing of a rollup that says so', () => {
    const input = soundInput();
    input.rollups = input.rollups?.map((rollup) => ({ ...rollup, published: false }));
    expect(defineProject(input).resolve({}).rollups[0]).not.toHaveProperty('published');
  });

  it('follows the environment that a function of it asks for', () => {
    const definition = defineProject((env) => ({ ...soundInput(), title: env['TITLE'] ?? 'none' }));
    expect(definition.resolve({ TITLE: 'Shop' }).title).toBe('Shop');
    expect(definition.resolve({}).title).toBe('none');
  });

  it.each([
    [
      { CRON_SCHEDULE: '04:30', FORCE_SYNC_AT_START: 'True' },
      { at: '04:30', atStart: true },
    ],
    [{ CRON_SCHEDULE: ' 4:30 ' }, { at: '04:30', atStart: false }],
    [{ CRON_SCHEDULE: '30 4 * * 1-5' }, { at: '30 4 * * 1-5' }],
    [
      { CRON_SCHEDULE: '', FORCE_SYNC_AT_START: 'no' },
      { at: '01:00', atStart: false },
    ],
  ])('takes its schedule from %j', (environment, schedule) => {
    expect(defineProject(soundInput()).resolve(environment).schedule).toMatchObject(schedule);
  });

  it('keeps a schedule of its own whatever the environment says', () => {
    const input = { ...soundInput(), schedule: { at: '02:00', atStart: false } };
    const environment = { CRON_SCHEDULE: '04:30', FORCE_SYNC_AT_START: 'true' };
    expect(defineProject(input).resolve(environment).schedule).toMatchObject({ at: '02:00', atStart: false });
  });
});

describe('a definition', () => {
  it('is told from any other value', () => {
    expect(isProjectDefinition(defineProject(soundInput()))).toBe(true);
    expect(isProjectDefinition({ resolve: () => soundInput() })).toBe(false);
    expect(isProjectDefinition(undefined)).toBe(false);
  });

  it('is not looked at before it is resolved', () => {
    const definition = defineProject(() => {
      throw new Error('the tables are at home');
    });
    expect(() => definition.resolve({})).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        kind: 'usage',
        message: expect.stringContaining('the tables are at home'),
      }),
    );
  });
});
