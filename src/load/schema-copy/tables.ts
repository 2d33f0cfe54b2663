import type { ClientBase } from 'pg';
import { ident, qualified } from '../../ledger/sql.ts';
import { DayboardError } from '../../project/errors.ts';
import type { RelationName, SchemaCopy } from '../../project/model.ts';

/** Tables of the source's schema, in alphabetical order: those to copy, and those that are left out. */
export async function tablesOf(
  source: ClientBase,
  copy: SchemaCopy,
): Promise<{ tables: string[]; excluded: string[] }> {
  const found = await source.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        -- What belongs to an extension comes with it.
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY c.relname COLLATE "C"`,
    [copy.schema],
  );
  const names = found.rows.map(({ name }) => name);
  return {
    tables: names.filter((name) => !copy.exclude.includes(name)),
    excluded: names.filter((name) => copy.exclude.includes(name)),
  };
}

/** Rows of each table that is there. */
export async function countRows(
  client: ClientBase,
  { schema }: SchemaCopy,
  tables: readonly string[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const name of tables) {
    const there = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
      qualified({ schema, name }),
    ]);
    if (there.rows[0]?.there !== true) continue;
    const found = await client.query<{ rows: string }>(
      `SELECT count(*) AS rows FROM ${qualified({ schema, name })}`,
    );
    counts.set(name, Number(found.rows[0]?.rows));
  }
  return counts;
}

/**
 * Makes sure of the extensions that the tables need. One that neither database has is not needed.
 * @throws 'copy.extension' when the target's server does not have one that the source uses
 */
export async function ensureExtensions(
  copy: SchemaCopy,
  source: ClientBase,
  target: ClientBase,
): Promise<string[]> {
  const left: string[] = [];
  for (const { name, schema } of copy.extensions) {
    const available = await target.query('SELECT FROM pg_available_extensions WHERE name = $1', [name]);
    if (available.rowCount === 0) {
      const used = await source.query('SELECT FROM pg_extension WHERE extname = $1', [name]);
      if (used.rowCount !== 0) throw unavailable(copy, name);
      left.push(name);
      continue;
    }
    if (schema !== undefined) await target.query(`CREATE SCHEMA IF NOT EXISTS ${ident(schema)}`);
    const into = schema === undefined ? '' : ` SCHEMA ${ident(schema)}`;
    await target.query(`CREATE EXTENSION IF NOT EXISTS ${ident(name)}${into}`);
  }
  return left;
}

function unavailable(copy: SchemaCopy, extension: string): DayboardError {
  return new DayboardError({
    code: 'copy.extension',
    kind: 'refused',
    message: `The source of the copy ${copy.name} uses the extension ${extension}, and the target's server does not have it. No table was replaced.`,
    facts: { copy: copy.name, extension },
    next: 'Have it installed on the server of the target, and run it again.',
  });
}

/** Columns that are only at the target come back, with their values, and those that must not be there go. */
export async function mendColumns(target: ClientBase, copy: SchemaCopy): Promise<void> {
  const there = async (relation: RelationName): Promise<boolean> => {
    const found = await target.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
      qualified(relation),
    ]);
    return found.rows[0]?.there === true;
  };
  const change = async (name: string, work: (table: string) => Promise<unknown>): Promise<void> => {
    const relation = { schema: copy.schema, name };
    if (await there(relation)) await work(qualified(relation));
  };
  for (const { table: name, column, type, value } of copy.add)
    await change(name, async (table) => {
      await target.query(`ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${ident(column)} ${type}`);
      if (value !== undefined && (await there(value.reads)))
        await target.query(`UPDATE ${table} SET ${ident(column)} = (${value.sql})::${type}`);
    });
  for (const { table: name, column } of copy.drop)
    await change(name, (table) =>
      target.query(`ALTER TABLE ${table} DROP COLUMN IF EXISTS ${ident(column)}`),
    );
}
