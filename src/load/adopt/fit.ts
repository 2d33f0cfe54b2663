import type { Queryable } from '../../ledger/client.ts';
import type { Obstacle } from '../../plan/adoption.ts';
import type { Column, Dataset } from '../../project/model.ts';
import { DELIVERY } from '../../ledger/delivery-column.ts';
import type { Original, OriginalColumn } from './original.ts';

/**
 * How the columns of a table differ from the definition where the new table must be like both. Stricter than what is
 * asked of a table that is filled in place: types must be the same to the letter, because the definition is what the
 * new table is compared with from then on.
 */
export async function unfitColumns(
  client: Queryable,
  dataset: Dataset,
  original: Original,
): Promise<Obstacle[]> {
  const same = await sameTypes(client, dataset, original);
  const unfit = dataset.table.columns.flatMap((column) => {
    const there = original.columns.find(({ name }) => name === column.name);
    if (there === undefined) return [missing(column)];
    if (same.has(column.name)) return [];
    return [
      {
        what: `The column ${column.name} is ${there.type} there and ${column.type} in the definition.`,
        next: `Write ${there.type} in the definition, or change the table's type.`,
      },
    ];
  });
  return [...unfit, ...original.columns.flatMap((column) => unfitColumn(dataset, column))];
}

function missing(column: Column): Obstacle {
  return {
    what: `The column ${column.name} (${column.type}) is not there.`,
    next: 'Add it to the table, or take it out of the definition.',
  };
}

function unfitColumn(dataset: Dataset, column: OriginalColumn): Obstacle[] {
  const declared = dataset.table.columns.some(({ name }) => name === column.name);
  if (column.name === DELIVERY || column.name.startsWith('_dayboard_'))
    return [
      { what: `There is a column ${column.name} already.`, next: 'Rename it: dayboard needs that name.' },
    ];
  if (column.generated)
    return [
      {
        what: `PostgreSQL makes the values of ${column.name} (GENERATED).`,
        next: 'Drop the expression or identity: ALTER TABLE … ALTER COLUMN … DROP EXPRESSION (or DROP IDENTITY).',
      },
    ];
  if (!declared && column.required)
    return [
      {
        what: `The column ${column.name} must have a value, and the definition does not have it.`,
        next: 'Add it to the definition, or drop its NOT NULL.',
      },
    ];
  return [];
}

/** Names of the definition's columns whose type is the table's, length and precision included. */
async function sameTypes(client: Queryable, dataset: Dataset, original: Original): Promise<Set<string>> {
  const pairs = dataset.table.columns.flatMap((column) => {
    const there = original.columns.find(({ name }) => name === column.name);
    return there !== undefined && modifier(there.type) === modifier(column.type)
      ? [{ name: column.name, there: there.type, declared: column.type }]
      : [];
  });
  const found = await client.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[], $2::text[], $3::text[]) AS pair (name, there, declared)
      WHERE to_regtype(there) = to_regtype(declared)`,
    [pairs.map(({ name }) => name), pairs.map(({ there }) => there), pairs.map(({ declared }) => declared)],
  );
  return new Set(found.rows.map(({ name }) => name));
}

/** '(20)' of 'character varying(20)'. */
function modifier(type: string): string {
  return /\([^)]*\)/.exec(type)?.[0].replaceAll(' ', '') ?? '';
}
