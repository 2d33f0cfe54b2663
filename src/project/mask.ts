import type { Dataset, Project } from './model.ts';

type Row = Record<string, unknown>;

/** Where there is less, a beginning would give the whole away. */
const SHORTEST = 5;
const SHOWN = 2;

/** A value as it may be shown of a person: its first two characters. NULL and the empty text stay what they are. */
export function masked(value: unknown): unknown {
  if (value === null || value === undefined || value === '') return value;
  const characters = Array.from(typeof value === 'string' ? value : JSON.stringify(value));
  return `${characters.length < SHORTEST ? '' : characters.slice(0, SHOWN).join('')}…`;
}

/** A record of a file, of which nobody knows which value is whose: every value masked, as many as there are. */
export function maskedRecord(record: string): string {
  return record.split(',').map(masked).join(',');
}

/** The columns of a dataset that identify people or their devices. */
export function personalColumns({ table }: Dataset): ReadonlySet<string> {
  return new Set(table.columns.flatMap(({ name, personal }) => (personal === true ? [name] : [])));
}

/** Those of all datasets: rows that are derived from them carry them under the same names. */
export function allPersonalColumns({ datasets }: Project): ReadonlySet<string> {
  return new Set(datasets.flatMap((dataset) => [...personalColumns(dataset)]));
}

export function maskedRow(row: Row, personal: ReadonlySet<string>): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, personal.has(name) ? masked(value) : value]),
  );
}
