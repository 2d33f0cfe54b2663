import type { ClientBase } from 'pg';
import { ident, qualified } from '../ledger/sql.ts';
import type { RelationName } from '../project/model.ts';

/** Who owns a relation and who may read it, to be given to its successor. */
export interface Rights {
  owner: string;
  grants: Array<{ grantee: string; privilege: string }>;
}

const DROP: Record<string, string> = {
  m: 'MATERIALIZED VIEW',
  v: 'VIEW',
  r: 'TABLE',
  p: 'TABLE',
  f: 'FOREIGN TABLE',
};

/** Owner and SELECT grants of a relation. */
export async function readRights(client: ClientBase, relation: RelationName): Promise<Rights> {
  const found = await client.query<{ owner: string; grantee: string | null; privilege: string | null }>(
    `SELECT pg_get_userbyid(c.relowner) AS owner, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END AS grantee,
            a.privilege_type AS privilege
       FROM pg_class c LEFT JOIN LATERAL aclexplode(c.relacl) a ON a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
      WHERE c.oid = $1::regclass`,
    [qualified(relation)],
  );
  return {
    owner: found.rows[0]?.owner ?? '',
    grants: found.rows.flatMap(({ grantee, privilege }) =>
      grantee === null || privilege === null ? [] : [{ grantee, privilege }],
    ),
  };
}

/** The statement that drops a relation, by its kind in pg_class. */
export function dropSql(relation: RelationName, relkind: string): string {
  return `DROP ${DROP[relkind] ?? 'TABLE'} ${qualified(relation)}`;
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

/** Gives a new relation the readers of its predecessor. */
export async function grantRights(client: ClientBase, relation: RelationName, rights: Rights): Promise<void> {
  for (const statement of grantsSql(relation, rights)) await client.query(statement);
}

/** The statements that give a new relation the readers of its predecessor. */
export function grantsSql(relation: RelationName, rights: Rights): string[] {
  return rights.grants.map(
    ({ grantee, privilege }) =>
      `GRANT ${privilege} ON ${qualified(relation)} TO ${grantee === 'PUBLIC' ? 'PUBLIC' : ident(grantee)}`,
  );
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
