import type { ClientBase } from 'pg';
import { ident, qualified } from '../ledger/sql.ts';
import { inTransaction, setLockTimeout, withRetries } from '../ledger/transaction.ts';
import { DayboardError } from '../project/errors.ts';
import type { View, ViewInto } from '../project/model.ts';

/** What a table lacks of the columns that a view fills; undefined when the table itself is not there. */
async function lackingColumns(client: ClientBase, into: ViewInto): Promise<string[] | undefined> {
  const found = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [qualified(into)],
  );
  if (found.rows.length === 0) return undefined;
  const there = found.rows.map(({ name }) => name);
  return Object.keys(into.columns).filter((name) => !there.includes(name));
}

/** Whether the table that a view fills was replaced by one without its columns. */
export async function lostColumns(client: ClientBase, { into }: View): Promise<boolean> {
  const lacking = into === undefined ? [] : await lackingColumns(client, into);
  return lacking !== undefined && lacking.length > 0;
}

/**
 * Fills the columns of the table that a view has columns in. Rows whose values stay the same are not touched. Outside a
 * transaction.
 *
 * @returns how many rows were changed
 * @throws 'relation.missing' (refused) when there is no such table
 */
export async function fillInto(
  client: ClientBase,
  view: View & { into: ViewInto },
  signal: AbortSignal,
): Promise<number> {
  const { into } = view;
  const lacking = await lackingColumns(client, into);
  if (lacking === undefined) throw missing(view);
  if (lacking.length > 0) {
    const added = lacking.map((name) => `ADD COLUMN ${ident(name)} ${into.columns[name] ?? ''}`);
    await withRetries(
      signal,
      () =>
        inTransaction(client, async () => {
          await setLockTimeout(client);
          await client.query(`ALTER TABLE ${qualified(into)} ${added.join(', ')}`);
        }),
      { client, relations: [into] },
    );
  }
  return inTransaction(client, async () => {
    const filled = await client.query(fillSql(view));
    const emptied = await client.query(emptySql(view));
    return (filled.rowCount ?? 0) + (emptied.rowCount ?? 0);
  });
}

/** Sets what a row of the view says, where it is another. */
function fillSql(view: View & { into: ViewInto }): string {
  const { into } = view;
  const names = Object.keys(into.columns).map((name) => ident(name));
  const row = (alias: string) => `ROW(${names.map((name) => `${alias}.${name}`).join(', ')})`;
  return `UPDATE ${qualified(into)} t SET ${names.map((name) => `${name} = v.${name}`).join(', ')}
            FROM ${qualified(view)} v
           WHERE v.${ident(into.on.view)} = t.${ident(into.on.table)} AND ${row('t')} IS DISTINCT FROM ${row('v')}`;
}

/** Empties what no row of the view stands for any more. */
function emptySql(view: View & { into: ViewInto }): string {
  const { into } = view;
  const names = Object.keys(into.columns).map((name) => ident(name));
  return `UPDATE ${qualified(into)} t SET ${names.map((name) => `${name} = NULL`).join(', ')}
           WHERE (${names.map((name) => `t.${name} IS NOT NULL`).join(' OR ')})
             AND NOT EXISTS (SELECT FROM ${qualified(view)} v WHERE v.${ident(into.on.view)} = t.${ident(into.on.table)})`;
}

function missing({ name, into }: View & { into: ViewInto }): DayboardError {
  const relation = `${into.schema}.${into.name}`;
  return new DayboardError({
    code: 'relation.missing',
    kind: 'refused',
    message: `${relation} is not there, so the columns that the view ${name} has in it were not filled. The view itself is up to date.`,
    facts: { relation },
    next: 'Make the table (restore it, where it comes with a dump), then refresh the view by name.',
  });
}
