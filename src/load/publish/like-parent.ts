import type { ClientBase } from 'pg';
import { qualified } from '../../ledger/sql.ts';
import type { RelationName } from '../../project/model.ts';

/**
 * Gives a partition that is made beside its table what PostgreSQL gives none of its own accord: the grants of the table
 * (whoever dumps it reads the partitions themselves; default privileges of its schema do not reach what is made in
 * another), and its replica identity, without which rows of a published table cannot be deleted.
 */
export async function makeLikeParent(
  client: ClientBase,
  parent: RelationName,
  partition: RelationName,
): Promise<void> {
  const found = await client.query<{ statement: string }>(
    `WITH parent AS (SELECT oid, relacl, relowner, relreplident FROM pg_class WHERE oid = $1::regclass),
      indexes AS (SELECT indexrelid, indisreplident, indrelid, row_number() OVER (PARTITION BY indrelid ORDER BY indexrelid) AS place
                    FROM pg_index WHERE indrelid IN ($1::regclass, $2::regclass))
     SELECT format('GRANT %s ON %s TO %s%s', string_agg(privilege_type, ', '), $2, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
                   CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement
       FROM parent CROSS JOIN LATERAL aclexplode(relacl) WHERE grantee <> relowner GROUP BY grantee, is_grantable
     UNION ALL
     SELECT format('ALTER TABLE %s REPLICA IDENTITY %s', $2, CASE relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END)
       FROM parent WHERE relreplident IN ('f', 'n')
     UNION ALL
     SELECT format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', $2, made.relname)
       FROM indexes given JOIN indexes own ON own.place = given.place AND own.indrelid = $2::regclass JOIN pg_class made ON made.oid = own.indexrelid
      WHERE given.indrelid = $1::regclass AND given.indisreplident`,
    [qualified(parent), qualified(partition)],
  );
  for (const { statement } of found.rows) await client.query(statement);
}

/** A publication that sends the rows of a table to subscribers. */
export interface Publication {
  name: string;
  allTables: boolean;
  /** It sends what is deleted, which needs a replica identity. */
  deletes: boolean;
}

/** The publications that a table is in, by itself, with its schema, or with all tables. */
export async function publicationsOf(client: ClientBase, table: RelationName): Promise<Publication[]> {
  const found = await client.query<Publication>(
    `SELECT p.pubname AS name, p.puballtables AS "allTables", p.pubdelete AS deletes
       FROM pg_class c CROSS JOIN pg_publication p
      WHERE c.oid = to_regclass($1) AND (p.puballtables
         OR EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = c.oid)
         OR EXISTS (SELECT FROM pg_publication_namespace n WHERE n.pnpubid = p.oid AND n.pnnspid = c.relnamespace))
      ORDER BY 1`,
    [qualified(table)],
  );
  return found.rows;
}
