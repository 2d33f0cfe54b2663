import type { ClientBase } from 'pg';
import { ident, literal, qualified } from '../ledger/sql.ts';
import type { RelationName } from '../project/model.ts';

/** Who owns a relation, who may read it, and what is said of it, to be given to its successor. */
export interface Rights {
  owner: string;
  /** Of one column, or of all. */
  grants: Array<{ column: string | null; grantee: string; privilege: string; grantable: boolean }>;
  comments: Array<{ column: string | null; comment: string }>;
}

/** What a relation is called in statements, by its kind in pg_class. */
const KIND: Record<string, string> = {
  m: 'MATERIALIZED VIEW',
  v: 'VIEW',
  r: 'TABLE',
  p: 'TABLE',
  f: 'FOREIGN TABLE',
};

/** Owner, SELECT grants and comments of a relation. */
export async function readRights(client: ClientBase, relation: RelationName): Promise<Rights> {
  const found = await client.query<{ owner: string }>(
    'SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid = $1::regclass',
    [qualified(relation)],
  );
  const grants = await client.query<Rights['grants'][number]>(
    `SELECT granted.column, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END AS grantee,
            a.privilege_type AS privilege, a.is_grantable AS grantable
       FROM (SELECT NULL AS column, relacl AS acl FROM pg_class WHERE oid = $1::regclass
             UNION ALL
             SELECT attname, attacl FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped) granted
            CROSS JOIN LATERAL aclexplode(granted.acl) a
      WHERE a.privilege_type = 'SELECT' AND a.grantee <> (SELECT relowner FROM pg_class WHERE oid = $1::regclass)`,
    [qualified(relation)],
  );
  const comments = await client.query<Rights['comments'][number]>(
    `SELECT a.attname AS column, d.description AS comment
       FROM pg_description d LEFT JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid > 0
      WHERE d.classoid = 'pg_class'::regclass AND d.objoid = $1::regclass`,
    [qualified(relation)],
  );
  return { owner: found.rows[0]?.owner ?? '', grants: grants.rows, comments: comments.rows };
}

/** The statement that drops a relation, by its kind in pg_class. */
export function dropSql(relation: RelationName, relkind: string): string {
  return `DROP ${KIND[relkind] ?? 'TABLE'} ${qualified(relation)}`;
}

/** Drops a relation that somebody else made, because the definition says so, and returns its rights. Fails when others depend on it. */
export async function dropKeepingRights(
  client: ClientBase,
  relation: RelationName,
  relkind: string,
): Promise<Rights> {
  const rights = await readRights(client, relation);
  await client.query(dropSql(relation, relkind));
  return rights;
}

/** Gives a new relation the readers and comments of its predecessor, as far as it has the columns that they are about. */
export async function grantRights(client: ClientBase, relation: RelationName, rights: Rights): Promise<void> {
  const found = await client.query<{ relkind: string; names: string[] }>(
    `SELECT c.relkind::text AS relkind, array_agg(a.attname::text) AS names
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.oid = $1::regclass GROUP BY c.relkind`,
    [qualified(relation)],
  );
  const { relkind = '', names = [] } = found.rows[0] ?? {};
  for (const statement of rightsSql(relation, relkind, names, rights)) await client.query(statement);
}

/** The statements that give a new relation, with these columns, the readers and comments of its predecessor. */
export function rightsSql(
  relation: RelationName,
  relkind: string,
  names: readonly string[],
  { grants, comments }: Rights,
): string[] {
  const isThere = ({ column }: { column: string | null }) => column === null || names.includes(column);
  const name = qualified(relation);
  return [
    ...grants
      .filter(isThere)
      .map(
        ({ column, grantee, privilege, grantable }) =>
          `GRANT ${privilege}${column === null ? '' : ` (${ident(column)})`} ON ${name} TO ${grantee === 'PUBLIC' ? 'PUBLIC' : ident(grantee)}${grantable ? ' WITH GRANT OPTION' : ''}`,
      ),
    ...comments
      .filter(isThere)
      .map(
        ({ column, comment }) =>
          `COMMENT ON ${column === null ? `${KIND[relkind] ?? 'TABLE'} ${name}` : `COLUMN ${name}.${ident(column)}`} IS ${literal(comment)}`,
      ),
  ];
}

/** Gives a new relation its predecessor's owner where this user may. */
export async function giveOwner(client: ClientBase, relation: RelationName, rights: Rights): Promise<void> {
  const may = await client.query<{ may: boolean }>(
    `SELECT pg_has_role(current_user, oid, 'MEMBER') AS may FROM pg_roles WHERE rolname = $1`,
    [rights.owner],
  );
  if (may.rows[0]?.may === true)
    await client.query(`ALTER TABLE ${qualified(relation)} OWNER TO ${ident(rights.owner)}`);
}

/**
 * The statement that takes the lock on a view which its readers wait for, and changes nothing: LOCK would lock what it
 * reads as well, and ask its owner for the rights.
 */
export function lockViewSql(view: RelationName, { owner }: Rights): string {
  return `ALTER VIEW ${qualified(view)} OWNER TO ${ident(owner)}`;
}

/** A view reads with its owner's rights: one that somebody else's role owns must be let into the counted table. */
export async function letOwnerRead(client: ClientBase, owner: string, table: RelationName): Promise<void> {
  for (const statement of await ownerReadsSql(client, owner, table)) await client.query(statement);
}

/** The statements that let a role read a table of ours; none for the table's own owner. */
export async function ownerReadsSql(
  client: ClientBase,
  owner: string,
  table: RelationName,
): Promise<string[]> {
  const found = await client.query(
    'SELECT 1 FROM pg_class WHERE oid = to_regclass($1) AND pg_get_userbyid(relowner) <> $2',
    [qualified(table), owner],
  );
  if (found.rowCount === 0) return [];
  return [
    `GRANT USAGE ON SCHEMA ${ident(table.schema)} TO ${ident(owner)}`,
    `GRANT SELECT ON ${qualified(table)} TO ${ident(owner)}`,
  ];
}
