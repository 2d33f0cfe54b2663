import { columns as columnList, ident } from '../ledger/sql.ts';
import type { Follow } from '../project/model.ts';

/** A SELECT that says what a value becomes: one answer for each value that is followed. */
export function followed({ sql, on }: Follow): string {
  const names = [...on, 'was'];
  return `SELECT DISTINCT ON (${columnList(names)}) ${columnList([...names, 'becomes'])} FROM (${sql}) AS said
   WHERE was IS DISTINCT FROM becomes ORDER BY ${columnList([...names, 'becomes'])}`;
}

/** The condition under which a row follows an answer. */
export function follows({ column, on }: Follow, row: string, answer: string): string {
  return [
    ...on.map((name) => `${row}.${ident(name)} = ${answer}.${ident(name)}`),
    `${row}.${ident(column)} = ${answer}.was`,
  ].join(' AND ');
}
