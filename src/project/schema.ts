import { z } from 'zod';
import { nameOneOf } from './problems.ts';
import {
  columnType,
  identifier,
  objectKey,
  partName,
  period,
  problem,
  projectName,
  relationText,
  scheduleTime,
  sqlFragment,
  sqlQuery,
  timeOfDay,
  timeZone,
  variableName,
} from './schema-text.ts';
import type { ProjectInput } from './input.ts';

/** An object that has these fields and no others. Its message for unknown ones has a line for each of them. */
function fields<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownField(key, known)).join('\n')
        : undefined,
  });
}

function unknownField(key: string, known: string[]): string {
  return problem('there is no such field', nameOneOf(key, known));
}

const text = z.string();
const someText = z.string().regex(/\S/, problem('is empty', 'write a text'));
const count = z.number().int().min(0, problem('is negative', 'write 0 or more'));
const positive = z.number().positive(problem('is not above 0', 'write a number above 0'));

function someOf<Item extends z.ZodType>(item: Item, what: string) {
  return z.array(item).min(1, problem(`has no ${what}`, `name at least one ${what}`));
}

const unit = z.enum(['day', 'week', 'month']);
const guardAction = z.enum(['stop', 'mark', 'accept']);
const winner = z.enum(['newest', 'first']);

const freshness = { warnHours: positive, errorHours: positive };

function ordered(limits: { warnHours: number; errorHours: number }): boolean {
  return limits.warnHours <= limits.errorHours;
}
const UNORDERED = problem('warns later than it errs', 'make warnHours the smaller one');

const enrichment = z.discriminatedUnion('kind', [
  fields({
    kind: z.literal('firstMatch'),
    column: text,
    rules: someOf(
      z.tuple([someText, text], problem('is no rule', "write a pair: ['Mozilla%', 'Web']")).readonly(),
      'rule',
    ).readonly(),
    otherwise: text,
  }),
  fields({ kind: z.literal('dayOf'), column: text }),
  fields({ kind: z.literal('deliveryDay'), addDays: z.number().int() }),
  fields({ kind: z.literal('sql'), expression: sqlFragment }),
  fields({ kind: z.literal('lookup'), lookup: text, column: text }),
]);

const column = z.union([
  columnType,
  fields({
    type: columnType,
    nullable: z.boolean().optional(),
    value: enrichment.optional(),
    personal: z.literal(true).optional(),
  }),
]);

const indexFields = {
  name: identifier,
  columns: someOf(sqlFragment, 'column'),
  where: sqlFragment.optional(),
};

const table = fields({
  schema: identifier.optional(),
  name: identifier.optional(),
  columns: z.record(identifier, column),
  indexes: z.array(fields(indexFields)).optional(),
  partitionBy: text.optional(),
  keyIndex: identifier.optional(),
});

const key = someOf(text, 'column');
const carries = z.discriminatedUnion('kind', [
  fields({
    kind: z.literal('period'),
    column: text,
    key: key.optional(),
    absent: z.literal('kept').optional(),
  }),
  fields({ kind: z.literal('window'), key, winner: winner.optional() }),
  z.discriminatedUnion('mode', [
    fields({ kind: z.literal('snapshot'), mode: z.literal('merge'), key, winner: winner.optional() }),
    fields({ kind: z.literal('snapshot'), mode: z.literal('replace') }),
  ]),
]);

const guards = fields({
  empty: guardAction.optional(),
  days: fields({ before: count, after: count, action: guardAction.optional() }).optional(),
  rows: fields({ low: z.number().min(0), high: z.number(), action: guardAction.optional() })
    .refine(
      ({ low, high }) => low < 1 && high > 1,
      problem('leaves out the median itself', 'choose low below 1 and high above 1'),
    )
    .optional(),
  loss: fields({ keep: z.number().min(0).max(1).optional(), action: guardAction.optional() }).optional(),
});

const correction = fields({ original: someText, corrected: someText, parity: text.optional() });

const select = fields({
  from: z.union([relationText, fields({ sql: sqlQuery })]),
  time: identifier,
  id: identifier,
  overlapDays: count.optional(),
  cleanup: z.boolean().optional(),
});

const dataset = fields({
  name: partName,
  description: text.optional(),
  off: someText.optional(),
  source: text.optional(),
  key: objectKey.optional(),
  period: unit.optional(),
  timeZone: timeZone.optional(),
  carries,
  file: someOf(z.union([someText, fields({ header: someText, column: text })]), 'column'),
  select: select.optional(),
  follows: z.array(fields({ name: partName, column: text, sql: sqlQuery, on: key })).optional(),
  lookups: z.record(partName, fields({ sql: sqlQuery, on: key })).optional(),
  table,
  duplicates: z.array(sqlFragment).optional(),
  guards: guards.optional(),
  expected: fields({ days: count.optional(), at: timeOfDay.optional() }).optional(),
  since: period.optional(),
  freshness: fields({ ...freshness, column: text })
    .refine(ordered, UNORDERED)
    .optional(),
  corrections: z.array(correction).optional(),
});

const common = { where: sqlFragment.optional(), type: columnType.optional() };
const measure = z.discriminatedUnion('kind', [
  fields({ kind: z.literal('count'), ...common }),
  fields({ kind: z.literal('sum'), column: text, ...common }),
  fields({ kind: z.enum(['min', 'max']), column: text, ...common }),
  fields({ kind: z.literal('pick'), column: text, orderBy: someOf(text, 'column'), ...common }),
]);

const published = fields({
  schema: identifier.optional(),
  name: identifier.optional(),
  columns: someOf(text, 'column').optional(),
  window: fields({
    count: z.number().int().positive(problem('is not above 0', 'write 1 or more')),
    unit,
  }).optional(),
});

const rollup = fields({
  name: partName,
  description: text.optional(),
  over: text,
  where: sqlFragment.optional(),
  groups: z.record(identifier, z.union([columnType, fields({ type: columnType, sql: sqlFragment })])),
  measures: z.record(identifier, measure).optional(),
  bucket: fields({ group: text, unit: unit.optional() }),
  published: z.union([z.literal(false), published]).optional(),
  freshness: fields(freshness).refine(ordered, UNORDERED).optional(),
  timeZone: timeZone.optional(),
  corrections: z.array(correction).optional(),
});

const view = fields({
  schema: identifier.optional(),
  name: partName,
  description: text.optional(),
  reads: someOf(text, 'relation'),
  sql: sqlQuery,
  indexes: z.array(fields({ ...indexFields, unique: z.boolean().optional() })).optional(),
  through: sqlFragment.optional(),
  freshness: fields(freshness).refine(ordered, UNORDERED).optional(),
  into: fields({
    schema: identifier.optional(),
    name: identifier,
    on: fields({ table: identifier, view: identifier }),
    columns: z.record(identifier, columnType),
  }).optional(),
});

const span = fields({
  count: z.number().int().positive(problem('is not above 0', 'write 1 or more')),
  unit: z.enum(['day', 'week', 'month', 'year']),
});

const aggregate = fields({
  name: partName,
  description: text.optional(),
  period: z.enum(['day', 'week', 'month', 'year']).optional(),
  timeZone: timeZone.optional(),
  table: fields({
    schema: identifier.optional(),
    name: identifier.optional(),
    columns: z.record(
      identifier,
      z.union([columnType, fields({ type: columnType, nullable: z.boolean().optional() })]),
    ),
    indexes: z.array(fields(indexFields)).optional(),
  }),
  column: text.optional(),
  key: someOf(text, 'column').optional(),
  over: fields({
    name: text,
    column: text,
    before: span.optional(),
    after: span.optional(),
    closed: z.boolean().optional(),
  }),
  alsoReads: z.array(text).optional(),
  sql: sqlQuery,
  atOnce: z.number().int().positive(problem('is not above 0', 'write 1 or more')).optional(),
  since: period.optional(),
  expected: fields({ days: count.optional(), at: timeOfDay.optional() }).optional(),
  onRequest: z.boolean().optional(),
  freshness: fields(freshness).refine(ordered, UNORDERED).optional(),
  corrections: z.array(correction).optional(),
});

const check = fields({
  name: partName,
  description: text.optional(),
  of: someOf(text, 'relation'),
  sql: sqlQuery,
  severity: z.enum(['warn', 'error']).optional(),
  timeoutSeconds: positive.optional(),
});

const source = z.discriminatedUnion('kind', [
  fields({
    kind: z.literal('s3'),
    bucket: someText.optional(),
    endpoint: z.url(problem('is no URL', "write 'https://…'")).optional(),
    region: someText.optional(),
  }),
  fields({ kind: z.literal('directory'), path: someText }),
  fields({ kind: z.literal('postgres'), urlVariable: variableName }),
]);

const copy = fields({
  name: partName,
  description: text.optional(),
  off: someText.optional(),
  source: text,
  schema: identifier.optional(),
  exclude: z.array(identifier).optional(),
  extensions: z.array(z.union([identifier, fields({ name: identifier, schema: identifier })])).optional(),
  never: fields({ named: z.array(someText).optional(), having: relationText.optional() }),
  add: z
    .array(
      fields({
        table: identifier,
        column: identifier,
        type: columnType,
        value: fields({ sql: sqlFragment, reads: relationText }).optional(),
      }),
    )
    .optional(),
  drop: z.array(fields({ table: identifier, column: identifier })).optional(),
});

/** The shape of what defineProject takes. How its parts fit together is looked at afterwards. */
export const projectSchema: z.ZodType<ProjectInput> = fields({
  name: projectName,
  title: text.optional(),
  timeZone: timeZone.optional(),
  urlVariable: variableName.optional(),
  schedule: fields({
    at: scheduleTime.optional(),
    timeZone: timeZone.optional(),
    atStart: z.boolean().optional(),
    catchUpDays: count.optional(),
  }).optional(),
  sources: z.record(someText, source).optional(),
  datasets: someOf(dataset, 'dataset'),
  copies: z.array(copy).optional(),
  rollups: z.array(rollup).optional(),
  views: z.array(view).optional(),
  aggregates: z.array(aggregate).optional(),
  checks: z.array(check).optional(),
  scripts: z.array(fields({ name: partName, description: text.optional(), file: someText })).optional(),
  existing: z.record(someText, z.enum(['keep', 'replace'])).optional(),
  parity: z.array(text).optional(),
  keepVersionsDays: count.optional(),
});
