import type { Period } from '../../src/project/model.ts';

/** A row of the model's dataset; `at` is an instant, `day` its day in the dataset's time zone unless told otherwise. */
export interface Row {
  id: string;
  n: number | null;
  at: string;
  day: string;
  kind: string | null;
  amount: number | null;
  /** A numeric as text: it may be NaN. */
  price: string | null;
}

export type Kind =
  | 'newest'
  | 'first'
  | 'merge newest'
  | 'merge first'
  | 'replace'
  | 'period'
  | 'period with key';

/** Rows by the delivery that brought them; those that were there before dayboard are of `BEFORE`. */
export const BEFORE = '-infinity';

export interface Holding extends Row {
  delivery: string;
}

export interface State {
  /** Rows of the current version of each delivery. */
  deliveries: ReadonlyMap<Period, readonly Row[]>;
  before: readonly Row[];
}

/** What must stand in the raw table and in the shadow: a function of the current deliveries alone. */
export function expected(
  kind: Kind,
  key: ReadonlyArray<keyof Row>,
  { deliveries, before }: State,
): { raw: Holding[]; shadow: Holding[] } {
  const all = [
    ...before.map((row) => ({ ...row, delivery: BEFORE })),
    ...[...deliveries].flatMap(([delivery, rows]) => rows.map((row) => ({ ...row, delivery }))),
  ];
  if (kind === 'period' || kind === 'period with key') return { raw: all, shadow: [] };
  if (kind === 'replace') {
    const newest = [...deliveries.keys()].sort().at(-1) ?? BEFORE;
    return {
      raw: all.filter(({ delivery }) => delivery === newest),
      shadow: all.filter(({ delivery }) => delivery !== newest),
    };
  }
  const winners = new Map<string, string>();
  for (const row of all) {
    const held = winners.get(keyText(row, key));
    if (held === undefined || wins(kind, row.delivery, held)) winners.set(keyText(row, key), row.delivery);
  }
  const stands = (row: Holding) => winners.get(keyText(row, key)) === row.delivery;
  return { raw: all.filter(stands), shadow: all.filter((row) => !stands(row)) };
}

/** '-infinity' sorts before every date. */
function wins(kind: Kind, delivery: string, held: string): boolean {
  return kind.endsWith('first') ? delivery < held : delivery > held;
}

export function keyText(row: Row, key: ReadonlyArray<keyof Row>): string {
  return JSON.stringify(key.map((name) => row[name]));
}

/** The rows as sorted texts, for comparison as multisets. */
export function texts(rows: readonly Holding[], withDelivery: boolean): string[] {
  return rows
    .map(({ id, n, at, day, kind, amount, price, delivery }) =>
      JSON.stringify([id, n, at, day, kind, amount, price, ...(withDelivery ? [delivery] : [])]),
    )
    .sort();
}
