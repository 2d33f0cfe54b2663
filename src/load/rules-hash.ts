import { createHash } from 'node:crypto';
import type { Dataset } from '../project/model.ts';

/**
 * Identifies everything in a dataset's definition that decides what a file becomes in the raw table: another hash
 * means that what was loaded before would look different today. The order of columns, what is said about
 * them, limits, indexes and nullability do not count.
 */
export function rulesHash(dataset: Dataset): string {
  const rules = {
    file: dataset.file.map(({ header, column }) => [column, header] as const).sort(byFirst),
    columns: dataset.table.columns.map(({ name, type, value }) => [name, type, value] as const).sort(byFirst),
    timeZone: dataset.timeZone,
    carries: dataset.carries,
    ...(dataset.lookups && { lookups: dataset.lookups }),
    ...(dataset.follows && { follows: dataset.follows }),
    duplicates: dataset.duplicates,
  };
  return createHash('sha256').update(JSON.stringify(rules, sortKeys)).digest('hex');
}

/** For JSON.stringify: objects that were written in another order are the same. */
function sortKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(byFirst));
}

function byFirst(a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number {
  return a[0] < b[0] ? -1 : 1;
}
