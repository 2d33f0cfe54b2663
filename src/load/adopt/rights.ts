import type { Queryable } from '../../ledger/client.ts';
import { ident, literal, qualified } from '../../ledger/sql.ts';
import type { RelationName } from '../../project/model.ts';

interface Grant {
  column: string | null;
  grantee: string;
  privilege: string;
  grantable: boolean;
}

/** The statements that give a relation the owner, grants and comments that another one has now. */
export async function likenessSql(
  client: Queryable,
  oid: string,
  target: RelationName,
  kind: 'TABLE' | 'VIEW',
): Promise<string[]> {
  const found = await client.query<{ owner: string; granted: boolean; comment: string | null }>(
    `SELECT pg_get_userbyid(relowner) AS owner, relacl IS NOT NULL AS granted, obj_description(oid, 'pg_class') AS comment
       FROM pg_class WHERE oid = $1::oid`,
    [oid],
  );
  const { owner = '', granted = false, comment = null } = found.rows[0] ?? {};
  const name = qualified(target);
  return [
    `ALTER TABLE ${name} OWNER TO ${ident(owner)}`,
    ungranted(target, owner, granted),
    ...(granted ? await grantsSql(client, oid, target) : []),
    ...(comment === null ? [] : [`COMMENT ON ${kind} ${name} IS ${literal(comment)}`]),
    ...(await columnCommentsSql(client, oid, name)),
  ];
}

/** Takes away what default privileges gave, and what its owner may have taken from himself: both are granted anew. */
function ungranted(target: RelationName, owner: string, granted: boolean): string {
  const name = literal(qualified(target));
  return `DO $do$ DECLARE grantee_ text; BEGIN
    FOR grantee_ IN SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
                      FROM pg_class c CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
                     WHERE c.oid = ${name}::regclass AND (c.relacl IS NOT NULL OR ${granted})
    LOOP EXECUTE 'REVOKE ALL ON ' || ${name} || ' FROM ' || grantee_; END LOOP;
    ${granted ? '' : `EXECUTE 'GRANT ALL ON ' || ${name} || ' TO ' || ${literal(ident(owner))};`}
  END $do$`;
}

async function grantsSql(client: Queryable, oid: string, target: RelationName): Promise<string[]> {
  const found = await client.query<Grant>(
    `SELECT NULL AS column, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee,
            a.privilege_type AS privilege, a.is_grantable AS grantable
       FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE c.oid = $1::oid
     UNION ALL
     SELECT t.attname, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, a.privilege_type, a.is_grantable
       FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) a WHERE t.attrelid = $1::oid AND t.attnum > 0 AND NOT t.attisdropped`,
    [oid],
  );
  const name = qualified(target);
  return found.rows.map(
    ({ column, grantee, privilege, grantable }) =>
      `GRANT ${privilege}${column === null ? '' : ` (${ident(column)})`} ON ${name} TO ${grantee}${grantable ? ' WITH GRANT OPTION' : ''}`,
  );
}

async function columnCommentsSql(client: Queryable, oid: string, name: string): Promise<string[]> {
  const found = await client.query<{ column: string; comment: string }>(
    `SELECT attname AS column, col_description(attrelid, attnum) AS comment FROM pg_attribute
      WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped AND col_description(attrelid, attnum) IS NOT NULL`,
    [oid],
  );
  return found.rows.map(
    ({ column, comment }) => `COMMENT ON COLUMN ${name}.${ident(column)} IS ${literal(comment)}`,
  );
}
