import type { Queryable } from '../../ledger/client.ts';
import { definitionHash } from '../../ledger/relations.ts';
import { qualified } from '../../ledger/sql.ts';
import type { RelationName } from '../../project/model.ts';

export interface OriginalColumn {
  name: string;
  /** As format_type has it: 'character varying(20)'. */
  type: string;
  required: boolean;
  hasDefault: boolean;
  /** Its value is PostgreSQL's to make: GENERATED, or an identity. */
  generated: boolean;
}

/** A table that somebody else made, as the catalog has it. */
export interface Original extends RelationName {
  oid: string;
  relkind: string;
  owner: string;
  /** Whether this user may do what the owner may. */
  isOurs: boolean;
  /** This user, quoted. */
  user: string;
  columns: OriginalColumn[];
  indexes: Array<{ name: string; columns: string[]; unique: boolean; sql: string }>;
  /** The planner's estimate. */
  rows: number;
  /** With indexes. */
  bytes: number;
}

/** What has the name now; undefined when nothing has. */
export async function readOriginal(client: Queryable, relation: RelationName): Promise<Original | undefined> {
  const found = await client.query<{
    oid: string;
    relkind: string;
    owner: string;
    ours: boolean;
    user: string;
    rows: string;
    bytes: string;
  }>(
    `SELECT c.oid::text AS oid, c.relkind::text AS relkind, pg_get_userbyid(c.relowner) AS owner, pg_has_role(c.relowner, 'MEMBER') AS ours,
            quote_ident(current_user) AS user, greatest(c.reltuples, 0)::bigint AS rows, pg_total_relation_size(c.oid) AS bytes
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
    [relation.schema, relation.name],
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  return {
    schema: relation.schema,
    name: relation.name,
    oid: row.oid,
    relkind: row.relkind,
    owner: row.owner,
    isOurs: row.ours,
    user: row.user,
    columns: await readColumns(client, row.oid),
    indexes: await readIndexes(client, row.oid),
    rows: Number(row.rows),
    bytes: Number(row.bytes),
  };
}

/** Columns of a relation, in their order. */
export async function readColumns(client: Queryable, oid: string): Promise<OriginalColumn[]> {
  const found = await client.query<OriginalColumn>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required, atthasdef AS "hasDefault",
            attgenerated <> '' OR attidentity <> '' AS generated
       FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [oid],
  );
  return found.rows;
}

/** Indexes that are whole, usable, and of plain columns have their columns; the others an empty list. */
async function readIndexes(client: Queryable, oid: string): Promise<Original['indexes']> {
  const found = await client.query<Original['indexes'][number]>(
    `SELECT c.relname AS name, i.indisunique AS unique, pg_get_indexdef(i.indexrelid) AS sql,
            CASE WHEN i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL THEN
              ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, at)
                      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE k.at <= i.indnkeyatts ORDER BY k.at)
            ELSE '{}' END AS columns
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::oid ORDER BY c.relname`,
    [oid],
  );
  return found.rows;
}

/** Changes when somebody alters the columns while the table is copied. */
export function columnsHash(original: Original): string {
  return definitionHash(original.columns);
}

/** 'schema.name', for people. */
export function fullName({ schema, name }: RelationName): string {
  return `${schema}.${name}`;
}

/** The oid of what has the name, as text; null when nothing has. */
export async function oidOf(client: Queryable, relation: RelationName): Promise<string | null> {
  const found = await client.query<{ oid: string | null }>('SELECT to_regclass($1)::oid::text AS oid', [
    qualified(relation),
  ]);
  return found.rows[0]?.oid ?? null;
}
