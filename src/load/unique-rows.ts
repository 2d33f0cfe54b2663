import { columns as columnList, ident } from '../ledger/sql.ts';
import type { Column, Dataset } from '../project/model.ts';
import { typeFamily } from './column-types.ts';
import { columnOf } from './days.ts';

/** The columns that make a row of this dataset the same as another; undefined when rows may repeat. */
export function keyOf(dataset: Dataset): readonly string[] | undefined {
  const { carries } = dataset;
  return 'key' in carries ? carries.key : undefined;
}

/**
 * A SELECT that leaves one of `rows` (a SELECT of the raw table's columns) per key: the first by `dataset.duplicates`,
 * and among equals the first by every other column, so that the order of the file never decides. Two NULLs are the
 * same key. Texts compare by their bytes, the same on every server; `duplicates` compares as its author writes it.
 */
export function onePerKey(dataset: Dataset, key: readonly string[], rows: string): string {
  const keys = key.map((name) => sortable(columnOf(dataset, name)));
  const others = dataset.table.columns.filter((column) => !key.includes(column.name)).map(sortable);
  const columns = columnList(dataset.table.columns.map(({ name }) => name));
  return `SELECT DISTINCT ON (${keys.join(', ')}) ${columns} FROM (${rows}) AS enriched
ORDER BY ${[...keys, ...dataset.duplicates, ...others].join(', ')}`;
}

function sortable({ name, type }: Column): string {
  switch (typeFamily(type)) {
    case 'text':
      return `${ident(name)} COLLATE "C"`;
    case 'other':
      return `${ident(name)}::text COLLATE "C"`;
    default:
      return ident(name);
  }
}
