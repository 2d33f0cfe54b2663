import { describe, expect, it } from 'vitest';
import { defineProject } from '../../src/project/define.ts';
import { DayboardError, firstMatch, type ProjectInput } from '../../src/index.ts';
import { soundInput } from './definition.ts';

/** The lines of the error that a definition gives; empty when it is sound. */
function problemsOf(input: unknown, environment: Record<string, string> = {}): string[] {
  try {
    defineProject(input as ProjectInput).resolve(environment);
    return [];
  } catch (error) {
    if (!(error instanceof DayboardError)) throw error;
    if (error.code !== 'config.invalid' || error.kind !== 'usage') throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}

/** The sound definition with the value at a path replaced ('datasets.0.key'); undefined takes it away. */
function changed(changes: Record<string, unknown>): unknown {
  const input = soundInput();
  for (const [path, value] of Object.entries(changes)) {
    const parts = path.split('.');
    const last = parts.pop() ?? '';
    let target = input as unknown as Record<string, unknown>;
    for (const part of parts) target = target[part] as Record<string, unknown>;
    if (value === undefined) delete target[last];
    else target[last] = value;
  }
  return input;
}

const ORDERS = soundInput().datasets[0];
const BY_DAY = soundInput().rollups?.[0];

type Case = [what: string, changes: Record<string, unknown>, problem: string];

const SHAPES: Case[] = [
  ['no name', { name: undefined }, 'name: is missing (fix: write a text)'],
  ['a name of the wrong kind', { name: 7 }, 'name: is a whole number (fix: write a text)'],
  [
    'a name with a blank',
    { name: 'my shop' },
    'name: "my shop" is no name for commands (fix: lower case letters, digits and "_", a letter first)',
  ],
  ['no dataset', { datasets: [] }, 'datasets: has no dataset (fix: name at least one dataset)'],
  [
    'an unknown field with a known one near',
    { 'datasets.0.table.colums': {} },
    'datasets[0].table.colums: there is no such field (fix: write "columns")',
  ],
  [
    'an unknown field that is like no other',
    { schedule: { zzzzzzzz: 1 } },
    'schedule.zzzzzzzz: there is no such field (fix: write one of at, timeZone, atStart, catchUpDays)',
  ],
  [
    'a word that is none of the known ones',
    { 'datasets.0.period': 'hour' },
    'datasets[0].period: is "hour" (fix: write one of "day", "week", "month")',
  ],
  [
    'an unknown way to carry',
    { 'datasets.0.carries': { kind: 'windows', key: ['id'] } },
    'datasets[0].carries.kind: is "windows" (fix: write one of "period", "window", "snapshot")',
  ],
  [
    'a snapshot without a mode',
    { 'datasets.0.carries': { kind: 'snapshot' } },
    'datasets[0].carries.mode: is missing (fix: write one of "merge", "replace")',
  ],
  [
    'a column that is neither a type nor an object',
    { 'datasets.0.table.columns.id': 4 },
    'datasets[0].table.columns.id: is a whole number (fix: write a text or an object)',
  ],
  [
    'a column without a type',
    { 'datasets.0.table.columns.id': { nullable: true } },
    'datasets[0].table.columns.id.type: is missing (fix: write a text)',
  ],
  [
    'a type that PostgreSQL cannot have',
    { 'datasets.0.table.columns.id': 'text; drop table x' },
    "datasets[0].table.columns.id: \"text; drop table x\" is no PostgreSQL type (fix: write one as in CREATE TABLE: 'text', 'numeric(12, 2)')",
  ],
  [
    'a key without {period}',
    { 'datasets.0.key': 'orders.csv' },
    'datasets[0].key: "orders.csv" has no {period} (fix: write where the day stands: \'visits_{period}.csv\')',
  ],
  [
    'a key that leaves the cache',
    { 'datasets.0.key': '../{period}.csv' },
    'datasets[0].key: "../{period}.csv" is no plain key (fix: no leading or doubled "/", no "." or ".." parts)',
  ],
  [
    'a key of a compressed variant',
    { 'datasets.0.key': '{period}.csv.gz' },
    'datasets[0].key: "{period}.csv.gz" names a compressed variant (fix: leave .gz and .zst out, they are found too)',
  ],
  [
    'a time zone that does not exist',
    { timeZone: 'Europe/Lutetia' },
    "timeZone: \"Europe/Lutetia\" is no time zone (fix: write an IANA name: 'UTC', 'Europe/Paris')",
  ],
  [
    'an offset for a time zone',
    { timeZone: '+02:00' },
    "timeZone: \"+02:00\" is no time zone (fix: write an IANA name: 'UTC', 'Europe/Paris')",
  ],
  [
    'a schedule that is neither a time nor a cron expression',
    { schedule: { at: '61 1 * * *' } },
    "schedule.at: \"61 1 * * *\" is neither a time of day nor a cron expression (fix: write '01:00', or five fields: '30 1 * * 1-5')",
  ],
  [
    'an expected time that is none',
    { 'datasets.0.expected': { at: '25:00' } },
    'datasets[0].expected.at: "25:00" is no time of day (fix: write hours and minutes: \'01:00\')',
  ],
  [
    'an identifier that PostgreSQL would cut off',
    { 'datasets.0.table.keyIndex': 'k'.repeat(64) },
    `datasets[0].table.keyIndex: is longer than 63 bytes, which PostgreSQL cuts off (fix: shorten it)`,
  ],
  [
    'a column name that is too long in bytes, not in letters',
    { 'datasets.0.table.columns': { ...ORDERS?.table.columns, ['é'.repeat(32)]: 'text' } },
    `datasets[0].table.columns["${'é'.repeat(32)}"]: "${'é'.repeat(32)}" is longer than 63 bytes, which PostgreSQL cuts off (fix: shorten it)`,
  ],
  [
    'a dataset name that leaves no room for dayboard’s tables',
    { 'datasets.0.name': 'o'.repeat(49) },
    `datasets[0].name: "${'o'.repeat(49)}" is longer than 48 bytes (fix: shorten it: dayboard's own tables are named after it)`,
  ],
  [
    'an empty condition',
    { 'rollups.0.where': '  /* nothing */ ' },
    'rollups[0].where: "  /* nothing */ " is empty (fix: write SQL)',
  ],
  [
    'a semicolon in a condition',
    { 'rollups.0.where': 'total > 0; DROP TABLE orders' },
    'rollups[0].where: "total > 0; DROP TABLE orders" has a semicolon (fix: leave it out: one piece of SQL, without an end)',
  ],
  [
    'a line comment in a condition',
    { 'rollups.0.where': 'total > 0 -- only real ones' },
    'rollups[0].where: "total > 0 -- only real ones" has a "--" comment, which would swallow what follows (fix: write /* … */)',
  ],
  [
    'a quote that does not end in a view',
    { 'views.0.sql': "SELECT 'abc" },
    'views[0].sql: "SELECT \'abc" has a quote or comment that does not end (fix: close it)',
  ],
  [
    'row limits on one side of the median',
    { 'datasets.0.guards': { rows: { low: 1.5, high: 2 } } },
    'datasets[0].guards.rows: leaves out the median itself (fix: choose low below 1 and high above 1)',
  ],
  [
    'freshness that errs before it warns',
    { 'rollups.0.freshness': { warnHours: 48, errorHours: 24 } },
    'rollups[0].freshness: warns later than it errs (fix: make warnHours the smaller one)',
  ],
  [
    'a rule without a value',
    {
      'datasets.0.table.columns.kind': {
        type: 'text',
        value: { ...firstMatch('id', [], 'x'), rules: [['A%']] },
      },
    },
    "datasets[0].table.columns.kind.value.rules[0]: is no rule (fix: write a pair: ['Mozilla%', 'Web'])",
  ],
];

const FITS: Case[] = [
  [
    'two parts of one name',
    { 'rollups.0.name': 'orders' },
    'rollups[0].name: "orders" is the name of datasets[0] too (fix: choose another name)',
  ],
  [
    'two scripts of one name',
    {
      scripts: [
        { name: 'a', file: 'a.sql' },
        { name: 'a', file: 'b.sql' },
      ],
    },
    'scripts[1].name: "a" is the name of scripts[0] too (fix: choose another name)',
  ],
  [
    'two relations in one place',
    { 'rollups.0.published': { name: 'orders' } },
    'rollups[0].published: public.orders is made by datasets[0].table too (fix: choose another name)',
  ],
  [
    'an index with the name of a table',
    { 'datasets.0.table.indexes.0.name': 'orders' },
    'datasets[0].table.indexes[0]: public.orders is made by datasets[0].table too (fix: choose another name)',
  ],
  [
    'two indexes of one name',
    {
      'datasets.0.table.indexes': [
        { name: 'i', columns: ['id'] },
        { name: 'i', columns: ['total'] },
      ],
    },
    'datasets[0].table.indexes[1]: public.i is made by datasets[0].table.indexes[0] too (fix: choose another name)',
  ],
  [
    'a relation in dayboard’s own schema',
    { 'rollups.0.published': { schema: 'dayboard' } },
    'rollups[0].published: is in the schema "dayboard", which is dayboard\'s own (fix: choose another schema)',
  ],
  [
    'a relation without its schema among the existing ones',
    { existing: { orders: 'replace' } },
    "existing.orders: is no relation with its schema (fix: write 'schema.name')",
  ],
  [
    'an unknown source',
    { 'datasets.0.source': 's4' },
    'datasets[0].source: there is no source "s4" (fix: write "s3")',
  ],
  [
    'no choice among several sources',
    { sources: { a: { kind: 's3' }, b: { kind: 'directory', path: '.' } } },
    'datasets[0].source: names none of several sources (fix: write one of a, b)',
  ],
  [
    'a column that nothing fills',
    { 'datasets.0.table.columns.note': 'text' },
    'datasets[0].table.columns.note: neither the file nor a value fills it (fix: add it to `file`, or say its `value`)',
  ],
  [
    'a file column that fills nothing',
    { 'datasets.0.file.3': 'totals' },
    'datasets[0].file[3]: the table "orders" has no column "totals" (fix: write "total")',
  ],
  [
    'a file column that fills a computed one',
    { 'datasets.0.file.3': 'placed_on' },
    'datasets[0].file[3]: fills "placed_on", which is computed (fix: take its `value` away, or fill another column)',
  ],
  [
    'two file columns for one',
    { 'datasets.0.file.3': { header: 'sum', column: 'total' } },
    'datasets[0].file[3]: a second file column fills "total" (fix: leave one out)',
  ],
  [
    'a header twice',
    { 'datasets.0.file.3': { header: 'when', column: 'total' }, 'datasets.0.file.2': 'placed_on' },
    'datasets[0].file[3]: the header "when" stands twice (fix: leave one out)',
  ],
  [
    'a column with a name of dayboard’s own',
    { 'datasets.0.table.columns._delivery': 'date' },
    'datasets[0].table.columns._delivery: starts with "_", as dayboard\'s own columns do (fix: choose another name)',
  ],
  [
    'a day of a column that is no instant',
    { 'datasets.0.table.columns.placed_on.value.column': 'total' },
    'datasets[0].table.columns.placed_on: dayOf takes a timestamptz, and "total" is numeric(12, 2) (fix: name a timestamptz column)',
  ],
  [
    'a day in a column that is no date',
    { 'datasets.0.table.columns.placed_on.type': 'text' },
    "datasets[0].table.columns.placed_on: dayOf gives a date, and its type is text (fix: write type: 'date')",
  ],
  [
    'an enrichment over an unknown column',
    { 'datasets.0.table.columns.kind': { type: 'text', value: firstMatch('agent', [['A%', 'a']], 'b') } },
    'datasets[0].table.columns.kind: the table "orders" has no column "agent" (fix: write one of id, placed_at, total, placed_on, kind)',
  ],
  [
    'an enrichment over a computed column',
    { 'datasets.0.table.columns.kind': { type: 'text', value: firstMatch('placed_on', [['2%', 'a']], 'b') } },
    'datasets[0].table.columns.kind: is computed from "placed_on", which is computed itself (fix: compute it from a column of the file)',
  ],
  [
    'a text in a column that is no text',
    { 'datasets.0.table.columns.kind': { type: 'date', value: firstMatch('id', [['2%', 'a']], 'b') } },
    "datasets[0].table.columns.kind: firstMatch gives a text, and its type is date (fix: write type: 'text')",
  ],
  [
    'a key column that is missing',
    { 'datasets.0.carries.key.0': 'idd' },
    'datasets[0].carries.key[0]: the table "orders" has no column "idd" (fix: write "id")',
  ],
  [
    'a key column that may be NULL',
    { 'datasets.0.carries.key.2': 'total' },
    'datasets[0].carries.key[2]: "total" may be NULL, and NULL equals nothing (fix: make it not nullable, or leave it out of the key)',
  ],
  [
    'a key index without a key',
    { 'datasets.0.carries': { kind: 'snapshot', mode: 'replace' } },
    'datasets[0].carries.key: is missing, and table.keyIndex names an index over it (fix: write the key, or no keyIndex)',
  ],
  [
    'a period by a column that is no date',
    { 'datasets.0.carries': { kind: 'period', column: 'id', key: ['id', 'placed_at'] } },
    'datasets[0].carries.column: "id" is text (fix: name a date or timestamptz column)',
  ],
  [
    'partitions by a column that is no date',
    { 'datasets.0.table.partitionBy': 'id' },
    'datasets[0].table.partitionBy: "id" is text (fix: name a date or timestamptz column)',
  ],
  [
    'partitions by a column outside the key',
    { 'datasets.0.table.partitionBy': 'placed_on' },
    'datasets[0].table.partitionBy: "placed_on" is not in the key, so PostgreSQL cannot keep the key unique over partitions (fix: partition by a column of the key)',
  ],
  [
    'an index over an unknown column',
    { 'datasets.0.table.indexes.0.columns': ['placedon DESC'] },
    'datasets[0].table.indexes[0].columns[0]: the table "orders" has no column "placedon" (fix: write "placed_on")',
  ],
  [
    'an order of duplicates by an unknown column',
    { 'datasets.0.duplicates': ['lower(id)', 'totl DESC'] },
    'datasets[0].duplicates[1]: the table "orders" has no column "totl" (fix: write "total")',
  ],
  [
    'a first period of another unit',
    { 'datasets.0.since': '2024-11' },
    'datasets[0].since: "2024-11" is no day (fix: write the first day at the source)',
  ],
  [
    'freshness by a column without time',
    { 'datasets.0.freshness': { column: 'total', warnHours: 1, errorHours: 2 } },
    'datasets[0].freshness.column: "total" is numeric(12, 2) (fix: name a date or timestamp column)',
  ],
  [
    'two switched-on datasets that fill one table',
    { 'datasets.1': { ...ORDERS, name: 'old_orders', table: { ...ORDERS?.table, name: 'orders' } } },
    'datasets[1].table: "orders" fills public.orders too (fix: switch one of them `off` with its reason, or name another table)',
  ],
  [
    'a rollup over something unknown',
    { 'rollups.0.over': 'order' },
    'rollups[0].over: there is no dataset or rollup "order" (fix: write "orders")',
  ],
  [
    'a rollup over a view',
    { 'rollups.0.over': 'best_days', 'views.0.reads': ['orders'] },
    'rollups[0].over: "best_days" is a view (fix: a rollup stands over a dataset or a rollup)',
  ],
  [
    'a measure of an unknown column',
    { 'rollups.0.measures.total.column': 'totals' },
    'rollups[0].measures.total.column: there is no column "totals" below (fix: write "total")',
  ],
  [
    'a pick that is left open',
    { 'rollups.0.measures.first': { kind: 'pick', column: 'id', orderBy: ['total'] } },
    'rollups[0].measures.first.orderBy: does not order by "id", so which value is picked would be open (fix: add "id" at its end)',
  ],
  [
    'a group of an unknown column',
    { 'rollups.0.groups.day': 'date' },
    'rollups[0].groups.day: there is no column "day" below (fix: write one of id, placed_at, total, placed_on)',
  ],
  [
    'a bucket that is no group',
    { 'rollups.0.bucket.group': 'day' },
    'rollups[0].bucket.group: there is no group "day" (fix: write one of placed_on)',
  ],
  [
    'a bucket that is no date',
    { 'rollups.0.groups.id': 'text', 'rollups.0.bucket.group': 'id' },
    'rollups[0].bucket.group: "id" is text (fix: name a group of type date or timestamptz)',
  ],
  [
    'a published column that is unknown',
    { 'rollups.0.published': { columns: ['placed_on', 'orderz'] } },
    'rollups[0].published.columns[1]: there is no group or measure "orderz" (fix: write "orders")',
  ],
  [
    'a view that reads something unknown',
    { 'views.0.reads': ['orders_by_dy'] },
    'views[0].reads[0]: there is no dataset, rollup, view or aggregate "orders_by_dy" (fix: write "orders_by_day")',
  ],
  [
    'a check of something unknown',
    { 'checks.0.of': ['visits'] },
    'checks[0].of[0]: there is no dataset, rollup, view or aggregate "visits" (fix: write one of orders, orders_by_day, best_days)',
  ],
  [
    'a view with a unique index over some rows',
    { 'views.0.indexes': [{ name: 'u', columns: ['a'], where: 'a > 1', unique: true }] },
    'views[0].indexes[0]: is unique over expressions or some rows only (fix: name plain columns, without `where`)',
  ],
  [
    'rollups in a circle',
    {
      'rollups.0.over': 'orders_by_week',
      'rollups.1': { ...BY_DAY, name: 'orders_by_week', over: 'orders_by_day' },
    },
    'rollups[0].over: goes round in a circle: orders_by_day → orders_by_week → orders_by_day (fix: let one of them read something else)',
  ],
  [
    'a view that reads itself',
    { 'views.0.reads': ['best_days'] },
    'views[0].reads: goes round in a circle: best_days → best_days (fix: let one of them read something else)',
  ],
];

describe('a definition', () => {
  it('is taken when nothing is wrong with it', () => {
    expect(problemsOf(soundInput())).toEqual([]);
  });

  it.each(SHAPES)('with %s is refused', (_what, changes, problem) => {
    expect(problemsOf(changed(changes))).toContain(problem);
  });

  it.each(FITS)('with %s is refused', (_what, changes, problem) => {
    expect(problemsOf(changed(changes))).toContain(problem);
  });

  it('that is no object is refused', () => {
    expect(problemsOf('shop')).toEqual(['the definition: is a text (fix: write an object)']);
  });

  it('is told everything that is wrong at once', () => {
    const problems = problemsOf(
      changed({ 'rollups.0.over': 'order', 'checks.0.of': ['x'], 'datasets.0.source': 'y' }),
    );
    expect(problems.map((line) => line.split(':')[0])).toEqual([
      'datasets[0].source',
      'rollups[0].over',
      'checks[0].of[0]',
    ]);
  });

  it('may have two datasets for one table when one is switched off', () => {
    const old = {
      ...ORDERS,
      name: 'old_orders',
      off: 'replaced',
      table: { ...ORDERS?.table, name: 'orders' },
    };
    expect(problemsOf(changed({ 'datasets.1': old }))).toEqual([]);
  });

  it('may have NULLs in the key of a period’s deliveries, which are replaced whole', () => {
    const carries = { kind: 'period', column: 'placed_on', key: ['id', 'placed_at', 'total'] };
    expect(problemsOf(changed({ 'datasets.0.carries': carries }))).toEqual([]);
  });

  it('may have a semicolon inside a quoted text', () => {
    expect(problemsOf(changed({ 'rollups.0.where': "split_part(id, ';', 1) = E'\\';'" }))).toEqual([]);
  });

  it('is refused when CRON_SCHEDULE is no time', () => {
    expect(problemsOf(soundInput(), { CRON_SCHEDULE: 'at night' })).toEqual([
      "schedule.at: CRON_SCHEDULE is \"at night\", neither a time of day nor a cron expression (fix: write '01:00', or five fields: '30 1 * * 1-5')",
    ]);
  });
});
