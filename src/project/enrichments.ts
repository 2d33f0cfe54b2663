import type { Enrichment } from './model.ts';

/**
 * A column whose value comes from the first rule that matches another column. Patterns are SQL LIKE patterns:
 * case-sensitive, `%` stands for any text, `_` for any character.
 *
 * @example
 * platform: { type: 'text', value: firstMatch('user_agent', [['Mozilla%', 'Web'], ['%iOS', 'Mobile']], 'Other') }
 *
 * @param column the file's column that the patterns look at; NULL there gives `otherwise`
 * @param rules pairs of pattern and value, tried in this order
 * @param otherwise the value when no pattern matches
 */
export function firstMatch(
  column: string,
  rules: ReadonlyArray<readonly [pattern: string, value: string]>,
  otherwise: string,
): Enrichment {
  return { kind: 'firstMatch', column, rules, otherwise };
}

/** A date column: the day of a timestamptz column in the dataset's time zone, whatever the session's. */
export function dayOf(column: string): Enrichment {
  return { kind: 'dayOf', column };
}

/** A date column: the first day of the delivery's period, `addDays` later when given. */
export function deliveryDay(addDays = 0): Enrichment {
  return { kind: 'deliveryDay', addDays };
}

/** A column computed by an SQL expression over the file's columns: `sqlValue('lower("domain")')`. */
export function sqlValue(expression: string): Enrichment {
  return { kind: 'sql', expression };
}

/**
 * A column that is found in another table of the target: `lookup('agency', 'name')` is the column `name` of the dataset's
 * lookup `agency`.
 */
export function lookup(name: string, column: string): Enrichment {
  return { kind: 'lookup', lookup: name, column };
}
