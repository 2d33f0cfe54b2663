import type { ClientBase } from 'pg';
import { isConnectionLoss } from '../ledger/errors.ts';
import { columns as columnList, ident, literal, qualified } from '../ledger/sql.ts';
import type { CountedDelivery, CurrentVersion } from '../ledger/versions.ts';
import { DayboardError } from '../project/errors.ts';
import type { Dataset, Day, Period, RelationName } from '../project/model.ts';
import { firstDay } from '../project/period.ts';
import { dayColumn, dayOfColumn, instantColumn, timeOfColumn } from './days.ts';
import { selectColumns, selectEnriched } from './enrich.ts';
import { explainPrepareError } from './explain.ts';
import { keepAbsent, keepsAbsent, publishedRows } from './keep-absent.ts';
import { checkGuards, type GuardInput } from './guards.ts';
import { midnightElsewhere, type TimesOfDay } from './midnight.ts';
import type { Prepared, Staged } from './prepared.ts';
import { beginElsewhere, type Lend } from './publish/spread.ts';
import { DELIVERY } from '../ledger/delivery-column.ts';
import { stagingName } from './staging-name.ts';
import { inTransaction, setForDataset } from '../ledger/transaction.ts';
import { keyOf, onePerKey } from './unique-rows.ts';

export interface PrepareOptions {
  /** A connection of its own, outside a transaction. */
  client: ClientBase;
  /** The project's name: whose raw table holds what is published. */
  project: string;
  dataset: Dataset;
  period: Period;
  staged: Staged;
  /** The run's number: part of the prepared table's name. */
  run: string;
  /** The current versions of the weeks before, for the guard on row counts. */
  history: readonly CountedDelivery[];
  /** The version of this delivery that is published, for the guard on lost rows. */
  published?: Pick<CurrentVersion, 'version' | 'days'>;
  /** Lends another connection for what can be done at the same time; without it, and without one, one does all. */
  lend?: Lend | undefined;
  /** Guards that may not stop this delivery: 'rows', 'days', 'empty', 'loss'. */
  force: readonly string[];
  signal: AbortSignal;
}

/**
 * Makes of a staged file the rows to be published: the raw table's columns, computed ones included, and the delivery, one
 * row per key, in an unlogged table; counts them by their own day and asks the guards. The staged table is dropped. One
 * transaction: when it fails or a guard stops, nothing stays but the staged table, for the end of the run to drop.
 *
 * Errors: 'guard.…' (refused), 'load.no-day', 'load.null', 'load.computed' (a computed column fails), and those of
 * explainLoadError that have to do with the server.
 */
export async function prepareDelivery(options: PrepareOptions): Promise<Prepared> {
  const { client, dataset, period, staged, signal } = options;
  const relation = stagingName(dataset.name, period, options.run, 'p');
  try {
    signal.throwIfAborted();
    return await inTransaction(client, async () => {
      await setForDataset(client, dataset);
      await client.query(`DROP TABLE IF EXISTS ${qualified(relation)}`);
      const absent = await createPrepared(options, relation);
      signal.throwIfAborted();
      const counted = await count(client, dataset, period, relation);
      signal.throwIfAborted();
      const kept = counted.reduce((sum, each) => sum + each.rows, 0);
      const days = Object.fromEntries(counted.map(({ day, rows }) => [day, rows]));
      const findings = checkGuards({
        dataset,
        period,
        rows: kept,
        ...(dayColumn(dataset) === undefined ? {} : { days }),
        noBytes: staged.bytes === 0 && staged.rows === 0,
        history: options.history,
        ...reloadOf(options.published, days),
        force: options.force,
      });
      await client.query(`DROP TABLE ${qualified(staged.relation)}`);
      return {
        relation,
        rows: staged.rows,
        kept,
        days,
        findings,
        ...(absent === 0 ? {} : { absent }),
        notes: notes(dataset, kept, counted),
      };
    });
  } catch (thrown) {
    throw explainPrepareError(thrown, { dataset: dataset.name, period, relation: relation.name }, signal);
  }
}

function reloadOf(
  published: PrepareOptions['published'],
  days: Readonly<Record<Day, number>>,
): Pick<GuardInput, 'reload'> {
  if (published === undefined) return {};
  return { reload: { version: published.version, from: published.days, to: days } };
}

/**
 * Writes the rows to be published. Returns how many of them were published before and are gone at the source.
 */
async function createPrepared(options: PrepareOptions, relation: RelationName): Promise<number> {
  const { client, project, dataset, period, staged, published: version } = options;
  const published = keepsAbsent(dataset)
    ? await publishedRows(client, project, dataset, period, version)
    : undefined;
  const absent = published === undefined ? 0 : await keepAbsent(client, dataset, staged, published);
  const enriched = selectEnriched(dataset, period, staged.relation, published);
  // Nobody else sees rows that were added to the staging table in this transaction.
  const lend = absent === 0 ? options.lend : undefined;
  await writeUnrepeated({ ...options, lend }, relation, enriched);
  return absent;
}

/**
 * CREATE TABLE AS, because its SELECT may use several workers. Most files have no duplicates, so that the rows are
 * written while another connection looks for some.
 */
async function writeUnrepeated(
  options: PrepareOptions,
  relation: RelationName,
  enriched: string,
): Promise<void> {
  const { client, dataset, period, published, lend } = options;
  const key = keyOf(dataset);
  const delivery = `${literal(firstDay(period).toString())}::date AS ${ident(DELIVERY)}`;
  // A delivery that is new may become a partition as it stands, and that is not lost in a crash.
  const kind = published === undefined && dataset.table.partitionBy !== undefined ? '' : 'UNLOGGED ';
  const write = async (rows: string) => {
    await client.query(`DROP TABLE IF EXISTS ${qualified(relation)}`);
    await client.query(
      `CREATE ${kind}TABLE ${qualified(relation)} AS SELECT *, ${delivery} FROM (${rows}) AS prepared`,
    );
  };
  if (key === undefined) return write(enriched);
  const once = onePerKey(dataset, key, enriched);
  const looking = await beginElsewhere(lend, (other) =>
    inTransaction(other, async () => {
      await setForDataset(other, dataset);
      return repeatsKey(other, options, key);
    }),
  );
  if (looking === undefined) return write((await repeatsKey(client, options, key)) ? once : enriched);
  const [looked, wrote] = await Promise.allSettled([looking.done, write(enriched)]);
  if (wrote.status === 'rejected') throw wrote.reason;
  if (looked.status === 'rejected' && !isConnectionLoss(looked.reason)) throw looked.reason;
  // When the other connection was lost the question is asked here.
  const repeats = looked.status === 'fulfilled' ? looked.value : await repeatsKey(client, options, key);
  if (repeats) await write(once);
}

/** To find duplicates by hashing costs less than to sort the rows. */
async function repeatsKey(
  client: ClientBase,
  { dataset, period, staged }: PrepareOptions,
  key: readonly string[],
): Promise<boolean> {
  const keys = selectColumns(dataset, period, staged.relation, key);
  const found = await client.query<{ repeats: boolean }>(
    `SELECT EXISTS (SELECT FROM (${keys}) AS keys GROUP BY ${columnList(key)} HAVING count(*) > 1) AS repeats`,
  );
  return found.rows[0]?.repeats === true;
}

interface DayCount extends TimesOfDay {
  day: Day;
  rows: number;
}

/** Rows by day. Refuses rows that have no day, and computed columns without a value where one must be. */
async function count(
  client: ClientBase,
  dataset: Dataset,
  period: Period,
  relation: RelationName,
): Promise<DayCount[]> {
  const own = dayColumn(dataset);
  const day =
    own === undefined ? `${literal(firstDay(period).toString())}::date` : dayOfColumn(own, dataset.timeZone);
  const instant = instantColumn(dataset);
  const time = instant === undefined ? 'NULL' : timeOfColumn(instant, dataset.timeZone);
  const required = dataset.table.columns.filter(
    ({ nullable, value }) => !nullable && (value?.kind === 'sql' || value?.kind === 'dayOf'),
  );
  const empty = required.map(({ name }) => `count(*) FILTER (WHERE ${ident(name)} IS NULL)`);
  const found = await client.query<{
    day: string | null;
    rows: string;
    empty: string[];
    earliest: string | null;
    latest: string | null;
  }>(
    // A text for each row would take longer than to read it.
    `SELECT day::text, rows, earliest, latest, empty
       FROM (SELECT (${day}) AS day, count(*) AS rows, min(${time})::text AS earliest, max(${time})::text AS latest,
                    ARRAY[${empty.join(', ')}]::text[] AS empty
               FROM ${qualified(relation)} GROUP BY 1) AS counted ORDER BY counted.day`,
  );
  const counted = found.rows.map((row) => ({ ...row, rows: Number(row.rows), empty: row.empty.map(Number) }));
  required.forEach(({ name }, at) => {
    const rows = counted.reduce((sum, row) => sum + (row.empty[at] ?? 0), 0);
    if (rows > 0) throw emptyComputed(dataset, period, name, rows);
  });
  return counted.map(({ day: named, rows, earliest, latest }) => {
    if (named === null || !/^\d{4}-\d\d-\d\d$/.test(named))
      throw noDay(dataset, period, own?.name ?? '', named, rows);
    return { day: named, rows, earliest, latest };
  });
}

function emptyComputed(dataset: Dataset, period: Period, column: string, rows: number): DayboardError {
  return new DayboardError({
    code: 'load.null',
    message: `The computed column ${column} has no value in ${rows} rows of ${dataset.name} ${period}, and must have one.`,
    facts: { dataset: dataset.name, period, column, rows },
    next: 'Nothing was published, and what was published before is untouched. Correct how the column is computed, or declare it nullable.',
  });
}

function noDay(
  dataset: Dataset,
  period: Period,
  column: string,
  value: string | null,
  rows: number,
): DayboardError {
  const what = value === null ? 'no value' : `no calendar day ("${value}")`;
  return new DayboardError({
    code: 'load.no-day',
    message: `${rows} rows of ${dataset.name} ${period} have ${what} in ${column}, which says what day a row belongs to.`,
    facts: { dataset: dataset.name, period, column, rows },
    next: 'Nothing was published, and what was published before is untouched. Have the object delivered again.',
  });
}

function notes(dataset: Dataset, kept: number, counted: readonly DayCount[]): string[] {
  const instant = instantColumn(dataset);
  const midnight =
    instant === undefined ? undefined : midnightElsewhere(instant.name, dataset.timeZone, kept, counted);
  return midnight === undefined ? [] : [midnight];
}
