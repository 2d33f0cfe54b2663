import type { Queryable } from '../ledger/client.ts';
import { ident, qualified } from '../ledger/sql.ts';
import type { RelationName } from '../project/model.ts';

/** A relation whose definition reads another one. PostgreSQL binds it to that one's oid, not to its name. */
export interface Dependent extends RelationName {
  oid: string;
  relkind: string;
  owner: string;
  isOurs: boolean;
  /** The statement that binds a plain view to what has the name then; everything else about it stays. */
  rebind: string;
}

/**
 * Views and materialized views that read a relation directly. Those of dayboard's own schemas are left out: what
 * made them looks after them.
 */
export async function readDependents(client: Queryable, oid: string): Promise<Dependent[]> {
  const found = await client.query<{
    oid: string;
    schema: string;
    name: string;
    relkind: string;
    owner: string;
    ours: boolean;
    options: string[] | null;
    definition: string;
  }>(
    `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS relkind, pg_get_userbyid(c.relowner) AS owner,
            pg_has_role(c.relowner, 'MEMBER') AS ours, c.reloptions AS options,
            pg_get_viewdef(c.oid) AS definition
       FROM (SELECT DISTINCT r.ev_class FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
              WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = $1::oid AND r.ev_class <> d.refobjid AND r.ev_type = '1') readers
       JOIN pg_class c ON c.oid = readers.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname NOT IN ('dayboard', 'dayboard_staging') ORDER BY n.nspname, c.relname`,
    [oid],
  );
  return found.rows.map(({ options, definition, ours, ...row }) => ({
    ...row,
    isOurs: ours,
    rebind: `CREATE OR REPLACE VIEW ${qualified(row)}${withOptions(options)} AS ${definition.trim().replace(/;$/, '')}`,
  }));
}

/** A view that is replaced loses the options that are not said again. */
function withOptions(options: string[] | null): string {
  if (options === null || options.length === 0) return '';
  const each = options.map((option) => {
    const at = option.indexOf('=');
    return `${ident(option.slice(0, at))} = '${option.slice(at + 1).replaceAll("'", "''")}'`;
  });
  return ` WITH (${each.join(', ')})`;
}

/** Definitions are read with every name in full, as they are written again. Nothing is changed. */
export async function withPlainNames<T>(client: Queryable, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN; SET LOCAL search_path = pg_catalog');
  try {
    return await work();
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}
