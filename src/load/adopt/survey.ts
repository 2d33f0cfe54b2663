import type { Queryable } from '../../ledger/client.ts';
import { columns, ident, qualified } from '../../ledger/sql.ts';
import type { Obstacle } from '../../plan/adoption.ts';
import type { Dataset, Day } from '../../project/model.ts';
import { columnOf, dayOfColumn } from '../days.ts';
import { keyOf } from '../unique-rows.ts';
import { deliveryOf } from './delivery.ts';
import { fullName, type Original } from './original.ts';

export interface Survey {
  /** Rows per day, oldest first. */
  days: Array<{ day: Day; rows: number }>;
  obstacles: Obstacle[];
}

/** The column that decides the partition. Datasets without one are refused before. */
export function partitionColumn(dataset: Dataset) {
  return columnOf(dataset, dataset.table.partitionBy ?? '');
}

/** Reads the whole table once: how many rows each day has, and which rows could not be in the new one. */
export async function surveyRows(client: Queryable, dataset: Dataset, original: Original): Promise<Survey> {
  const mustHave = dataset.table.columns.filter(
    ({ name, nullable }) =>
      !nullable && original.columns.some((each) => each.name === name && !each.required),
  );
  const day = dayOfColumn(partitionColumn(dataset), dataset.timeZone);
  const nulls = mustHave.map(({ name }, at) => `, count(*) FILTER (WHERE ${ident(name)} IS NULL) AS n${at}`);
  const found = await client.query<Record<string, string | null>>(
    `SELECT ${day}::text AS day, ${day} BETWEEN '0001-01-02' AND '9999-12-30' AS fits, count(*) AS rows${nulls.join('')} FROM ${qualified(original)} GROUP BY ${day} ORDER BY ${day}`,
  );
  const obstacles = mustHave.flatMap(({ name }, at) => {
    const rows = found.rows.reduce((sum, row) => sum + Number(row[`n${at}`]), 0);
    return rows === 0 ? [] : [nullRows(name, rows)];
  });
  const odd = found.rows.filter((row) => row['day'] !== null && String(row['fits']) !== 'true');
  if (odd.length > 0)
    obstacles.push(
      oddDays(
        dataset,
        odd.map((row) => String(row['day'])),
      ),
    );
  return {
    days: found.rows
      .filter((row) => String(row['fits']) === 'true')
      .map((row) => ({ day: String(row['day']), rows: Number(row['rows']) })),
    obstacles: [...obstacles, ...(await repeatedKeys(client, dataset, original))],
  };
}

function nullRows(column: string, rows: number): Obstacle {
  return {
    what: `${rows} ${rows === 1 ? 'row has' : 'rows have'} no ${column}, and the definition demands one.`,
    next: `Fill or delete them (WHERE ${ident(column)} IS NULL), or make the column nullable in the definition.`,
  };
}

function oddDays(dataset: Dataset, days: readonly string[]): Obstacle {
  const column = partitionColumn(dataset).name;
  return {
    what: `Rows have a ${column} that no day's partition can hold: ${days.slice(0, 3).join(', ')}.`,
    next: 'Correct or delete them.',
  };
}

/** The new table's key is unique. Where an index of the original's proves it, nothing is read. */
async function repeatedKeys(client: Queryable, dataset: Dataset, original: Original): Promise<Obstacle[]> {
  const key = keyOf(dataset);
  if (key === undefined) return [];
  const whole = [...new Set([...key, partitionColumn(dataset).name])];
  const isProof = original.indexes.some(
    ({ unique, columns: indexed }) =>
      unique &&
      indexed.length > 0 &&
      indexed.every((name) => whole.includes(name) && !columnOf(dataset, name).nullable),
  );
  if (isProof) return [];
  const by = dataset.carries.kind === 'period' ? `, ${deliveryOf(dataset, undefined)}` : '';
  const found = await client.query<{ keys: string; rows: string; sample: string }>(
    `SELECT count(*) AS keys, coalesce(sum(n), 0) AS rows, min(sample) AS sample
       FROM (SELECT count(*) AS n, ROW(${columns(whole)})::text AS sample FROM ${qualified(original)} GROUP BY ${columns(whole)}${by} HAVING count(*) > 1) repeated`,
  );
  const { keys = '0', rows = '0', sample = '' } = found.rows[0] ?? {};
  if (keys === '0') return [];
  return [
    {
      what: `${keys} keys (${whole.join(', ')}) occur more than once, in ${rows} rows, for example ${sample}.`,
      next: `Leave one row of each in ${fullName(original)}; the new table keeps its key unique.`,
    },
  ];
}
