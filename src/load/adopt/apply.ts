import type { ClientBase } from 'pg';
import { match } from '../../ledger/matching.ts';
import { columns, ident, literal, qualified } from '../../ledger/sql.ts';
import type { Period } from '../../project/model.ts';
import { typeFamily } from '../column-types.ts';
import { dayOfColumn } from '../days.ts';
import { DELIVERY } from '../../ledger/delivery-column.ts';
import { type RawShape } from '../publish/shape.ts';
import { LOG } from './capture.ts';
import { deliveryOf, originJoin } from './delivery.ts';
import type { WorkNames } from './names.ts';
import type { Original } from './original.ts';
import { partitionColumn } from './survey.ts';

/** What the function that applies the log raises, as SQLSTATE. */
export const RAISED = {
  /** More changes than it was to apply at once. */
  many: 'DB001',
  /** The original was emptied. */
  emptied: 'DB002',
  /** A row that went from the original is not in the new table. */
  lost: 'DB003',
  /** What a switch was made from has changed. */
  moved: 'DB004',
} as const;

/** So many changes are looked up one by one; more are joined. */
const FEW = 10_000;

const DAY = '_dayboard_day';
const COUNT = '_dayboard_count';

/**
 * Creates the function that brings the log's changes into the new table: apply(most) takes all that are visible, leaves
 * out those that the copy of their day had seen, and applies the difference row by row value: what came and went again
 * is nothing, and the order does not matter. Partitions of the days that rows come to must be there.
 */
export async function createApply(
  client: ClientBase,
  project: string,
  names: WorkNames,
  shape: RawShape,
  original: Original,
  newest: Period | undefined,
): Promise<void> {
  const { dataset } = shape;
  const day = dayOfColumn(partitionColumn(dataset), dataset.timeZone);
  const list = columns(shape.columns);
  const net = qualified(names.net);
  const log = qualified(names.log);
  const same = original.columns.map(({ name, type }) => comparable(name, type)).join(', ');
  await client.query(`DROP TABLE IF EXISTS ${net}`);
  await client.query(
    `CREATE UNLOGGED TABLE ${net} (${original.columns.map(({ name, type }) => `${ident(name)} ${type}`).join(', ')}, ${DAY} date, ${COUNT} bigint)`,
  );
  const body = `#variable_conflict use_column
  DECLARE _dayboard_of date; _dayboard_gone bigint; _dayboard_taken bigint;
  BEGIN
    IF (SELECT count(*) FROM (SELECT FROM ${log} LIMIT _dayboard_most + 1) waiting) > _dayboard_most THEN
      RAISE EXCEPTION USING ERRCODE = '${RAISED.many}', MESSAGE = 'more changes than can be applied at once';
    END IF;
    IF EXISTS (SELECT FROM ${log} WHERE ${LOG.sign} = 0) THEN
      RAISE EXCEPTION USING ERRCODE = '${RAISED.emptied}', MESSAGE = 'the original was emptied';
    END IF;
    ${shape.key === undefined ? unkeyedSql(log) : ''}
    IF _dayboard_most < ${FEW} THEN
      PERFORM set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);
    END IF;
    WITH taken AS (DELETE FROM ${log} RETURNING *)
    INSERT INTO ${net} (${list}, ${DAY}, ${COUNT})
    SELECT ${list}, day_of, changes FROM (
      SELECT DISTINCT ON (${same}) ${list}, ${DAY} AS day_of, sum(${LOG.sign}) OVER (PARTITION BY ${same}) AS changes
        FROM (SELECT *, ${day} AS ${DAY} FROM taken) change
       WHERE NOT EXISTS (SELECT FROM dayboard.adoption_part part WHERE part.project = ${literal(project)} AND part.dataset = ${literal(dataset.name)}
                            AND change.${DAY} >= part.first_day AND change.${DAY} < part.next_day AND pg_visible_in_snapshot(change.${LOG.xid}, part.seen))
       ORDER BY ${same}) counted
     WHERE changes <> 0;
    GET DIAGNOSTICS _dayboard_taken = ROW_COUNT;
    IF _dayboard_taken >= ${FEW} THEN ANALYZE ${net}; END IF;
    FOR _dayboard_of IN SELECT DISTINCT ${DAY} FROM ${net} WHERE ${COUNT} < 0 ORDER BY 1 LOOP
      ${deleteSql(shape, original, net)}
      GET DIAGNOSTICS _dayboard_gone = ROW_COUNT;
      IF _dayboard_gone <> (SELECT -sum(${COUNT}) FROM ${net} WHERE ${DAY} = _dayboard_of AND ${COUNT} < 0) THEN
        RAISE EXCEPTION USING ERRCODE = '${RAISED.lost}', MESSAGE = format('rows of %s that went are not in the new table', _dayboard_of);
      END IF;
    END LOOP;
    INSERT INTO ${qualified(shape.raw)} (${list}, ${ident(DELIVERY)})
    SELECT ${columns(shape.columns, 'r')}, ${deliveryOf(dataset, newest)} FROM ${net} r${originJoin(shape)}
     CROSS JOIN LATERAL generate_series(1, r.${COUNT}) WHERE r.${COUNT} > 0;
    DELETE FROM ${net};
    RETURN _dayboard_taken;
  END`;
  await client.query(
    `CREATE OR REPLACE FUNCTION ${qualified(names.apply)}(_dayboard_most bigint) RETURNS bigint LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS ${literal(body)}`,
  );
}

/** Rows without a key are found by reading whole days: not while readers wait. */
function unkeyedSql(log: string): string {
  return `IF _dayboard_most < ${FEW} AND EXISTS (SELECT FROM ${log} WHERE ${LOG.sign} < 0) THEN
      RAISE EXCEPTION USING ERRCODE = '${RAISED.many}', MESSAGE = 'rows without a key went';
    END IF;`;
}

/**
 * Deletes as many rows as went of one day. Each change's rows are found by key where there is one, and compared whole.
 * The bounds are a day wider on both sides, so that no rule about midnights can leave a partition out.
 */
function deleteSql(shape: RawShape, original: Original, net: string): string {
  const { dataset, key } = shape;
  const column = partitionColumn(dataset);
  const zone = literal(dataset.timeZone);
  const bound = (days: number) => {
    const local = `(_dayboard_of + ${days})`;
    return typeFamily(column.type) === 'timestamptz' ? `(${local}::timestamp AT TIME ZONE ${zone})` : local;
  };
  const bounds = (alias: string) =>
    `${alias}.${ident(column.name)} >= ${bound(-1)} AND ${alias}.${ident(column.name)} < ${bound(2)}`;
  const whole = (alias: string) =>
    `ROW(${original.columns.map(({ name, type }) => comparable(name, type, alias)).join(', ')})`;
  const found =
    key ??
    original.columns.flatMap(({ name, type, required }) =>
      typeFamily(type) === 'other' ? [] : [{ name, type, nullable: !required }],
    );
  const on = `${match('r', 'n', found)} AND r.${ident(column.name)} = n.${ident(column.name)} AND ${whole('r')} IS NOT DISTINCT FROM ${whole('n')}`;
  const raw = qualified(shape.raw);
  return `DELETE FROM ${raw} target USING (
        SELECT numbered.part, numbered.place FROM (
          SELECT r.tableoid AS part, r.ctid AS place, n.${COUNT} AS n, row_number() OVER (PARTITION BY n.ctid) AS at
            FROM ${net} n JOIN ${raw} r ON ${on} WHERE n.${COUNT} < 0 AND n.${DAY} = _dayboard_of AND ${bounds('r')}) numbered
         WHERE numbered.at <= -numbered.n) gone
       WHERE target.tableoid = gone.part AND target.ctid = gone.place AND ${bounds('target')};`;
}

/** A column in a form that knows when two values are the same: 1.0 and 1.00 are equal, and not the same. */
export function comparable(name: string, type: string, alias?: string): string {
  const column = columns([name], alias);
  const isText = typeFamily(type) === 'other' || /^(numeric|decimal|real|double|float)/i.test(type);
  return isText ? `${column}::text` : column;
}
