import type { Readable } from 'node:stream';
import type { Client, ClientBase } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { columns as columnList, ident, literal, qualified } from '../ledger/sql.ts';
import type { CleanupPlan } from '../plan/cleanup.ts';
import { DayboardError } from '../project/errors.ts';
import type { Dataset, RelationName } from '../project/model.ts';
import { periodFormat } from '../source/postgres-periods.ts';
import { copyIn } from './copy.ts';
import { keyOf } from './unique-rows.ts';

/** The table with the keys that are proven loaded, on the source's connection until its transaction ends. */
const PROVEN = ident('_dayboard_proven');

export interface CleanupOptions {
  dataset: Dataset;
  /** Connection to the source that may write, outside a transaction. */
  source: ClientBase;
  /** 'user@host:port/database' of the source. */
  place: string;
  /** Connection to the target, outside a transaction; it is ended when its keys cannot be read to their end. */
  target: ClientBase;
  signal: AbortSignal;
}

/** What would be deleted at the source. Nothing is: the source keeps no trace of having been asked. */
export function planCleanup(options: CleanupOptions): Promise<CleanupPlan> {
  return atSource(options, 'ROLLBACK', () => prove(options));
}

/**
 * Deletes at the source the rows whose key is in the target, as long as they are as many as were agreed to, in one
 * transaction: rows that were inserted or committed after it began survive, whatever their time.
 *
 * @param agreed what was shown before
 * @param record called before the deletion is committed: what must be known of it even when this process dies then
 * @throws 'cleanup.changed' (refused) when another number is proven by now; 'cleanup.count' when the server deletes
 *   another number of rows than were counted. Nothing was deleted then.
 */
export function cleanUp(
  options: CleanupOptions,
  agreed: number,
  record: (plan: CleanupPlan) => Promise<void>,
): Promise<CleanupPlan> {
  return atSource(options, 'COMMIT', async () => {
    const plan = await prove(options);
    if (plan.proven !== agreed) throw changed(plan, agreed);
    const { dataset, source } = options;
    const deleted = await source.query(
      `DELETE FROM ${qualified(relationOf(dataset))} r USING ${PROVEN} p WHERE ${sameKey(dataset)}`,
    );
    if (deleted.rowCount !== plan.proven) throw otherCount(plan, deleted.rowCount ?? 0);
    await record(plan);
    return plan;
  });
}

async function atSource<T>(
  { source, signal }: CleanupOptions,
  end: 'COMMIT' | 'ROLLBACK',
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  await source.query(
    `BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'`,
  );
  try {
    const result = await work();
    signal.throwIfAborted();
    await source.query(end);
    return result;
  } catch (thrown) {
    // A lost connection rolls back by itself; the first error is the one to tell.
    await source.query('ROLLBACK').catch(() => undefined);
    throw thrown;
  }
}

/** Brings the keys of the target's rows to the source, and counts which of its rows have one. */
async function prove(options: CleanupOptions): Promise<CleanupPlan> {
  const { dataset, source, place } = options;
  const relation = relationOf(dataset);
  const names = keyNames(dataset);
  await source.query(
    `CREATE TEMPORARY TABLE ${PROVEN} ON COMMIT DROP AS SELECT ${columnList(names.map(({ header }) => header))} FROM ${qualified(relation)} LIMIT 0`,
  );
  await copyKeys(options);
  await source.query(`ANALYZE ${PROVEN}`);
  const time = `r.${ident(dataset.select?.time ?? '')} AT TIME ZONE ${literal(dataset.timeZone)}`;
  const found = await source.query<{ period: string | null; rows: string; proven: string }>(
    `SELECT to_char(${time}, ${literal(periodFormat(dataset.period))}) AS period, count(*) AS rows,
            count(*) FILTER (WHERE EXISTS (SELECT FROM ${PROVEN} p WHERE ${sameKey(dataset)})) AS proven
       FROM ${qualified(relation)} r GROUP BY 1 ORDER BY 1 NULLS LAST`,
  );
  const periods = found.rows.map(({ period, rows, proven }) => ({
    period: period ?? 'without a time',
    rows: Number(rows),
    proven: Number(proven),
  }));
  const sum = (of: 'rows' | 'proven') => periods.reduce((total, each) => total + each[of], 0);
  return {
    dataset: dataset.name,
    relation: `${relation.schema}.${relation.name}`,
    place,
    rows: sum('rows'),
    proven: sum('proven'),
    periods,
  };
}

/** The keys of the target's rows from the source's oldest row on, over both connections, as they come. */
async function copyKeys({ dataset, source, target, signal }: CleanupOptions): Promise<void> {
  const names = keyNames(dataset);
  const { time } = dataset.select ?? { time: '' };
  const oldest = await source.query<{ at: string | null }>(
    `SELECT min(${ident(time)})::text AS at FROM ${qualified(relationOf(dataset))}`,
  );
  const at = oldest.rows[0]?.at ?? null;
  if (at === null) return;
  const timeColumn = dataset.file.find(({ header }) => header === time)?.column ?? '';
  await target.query(`SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'`);
  const keys: Readable = target.query(
    copyTo(
      `COPY (SELECT ${columnList(names.map(({ column }) => column))} FROM ${qualified(dataset.table)}
              WHERE ${ident(timeColumn)} >= ${literal(at)}::timestamptz) TO STDOUT WITH (FORMAT text, ENCODING 'UTF8')`,
    ),
  );
  try {
    await copyIn({
      client: source,
      sql: `COPY ${PROVEN} FROM STDIN WITH (FORMAT text, ENCODING 'UTF8')`,
      chunks: keys,
      close: () => keys.destroy(),
      signal,
    });
  } catch (thrown) {
    // Keys that are still on their way have nowhere to go: nothing could be asked on the connection before they are read.
    await (target as Client).end().catch(() => undefined);
    throw thrown;
  }
  await target.query('RESET TimeZone; RESET DateStyle');
}

function relationOf({ name, select }: Dataset): RelationName {
  if (select === undefined || !('schema' in select.from) || !select.cleanup)
    throw new RangeError(`${name} does not say that its source may be cleaned up`);
  return select.from;
}

/** The columns of the key, by their names at the source and at the target. */
function keyNames(dataset: Dataset): Array<{ header: string; column: string }> {
  return (keyOf(dataset) ?? []).map((column) => {
    const found = dataset.file.find((each) => each.column === column);
    if (found === undefined) throw new RangeError(`${dataset.name}: "${column}" is not read of the source`);
    return found;
  });
}

function sameKey(dataset: Dataset): string {
  return keyNames(dataset)
    .map(({ header }) => `r.${ident(header)} = p.${ident(header)}`)
    .join(' AND ');
}

function changed({ dataset, relation, place, proven }: CleanupPlan, agreed: number): DayboardError {
  return new DayboardError({
    code: 'cleanup.changed',
    kind: 'refused',
    message: `${agreed} rows of ${relation} in ${place} were to be deleted, and ${proven} are proven loaded by now. Nothing was deleted.`,
    facts: { dataset, relation, place, agreed, proven },
    next: 'Look at the new numbers, and agree to those.',
  });
}

function otherCount({ dataset, relation, place, proven }: CleanupPlan, deleted: number): DayboardError {
  return new DayboardError({
    code: 'cleanup.count',
    message: `${proven} rows of ${relation} in ${place} are proven loaded, and the server deleted ${deleted}. The deletion was rolled back.`,
    facts: { dataset, relation, place, proven, deleted },
    next: 'Look for a trigger, a rule or a policy on that table.',
  });
}
