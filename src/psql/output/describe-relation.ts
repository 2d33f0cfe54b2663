import type { DescribeContext } from './describe-context.ts';
import { patternCondition } from './pattern.ts';
import { RELATION } from './describe-relations.ts';

/** What `\d` needs to know of a relation before it asks for its parts. */
export interface Relation {
  oid: string;
  schema: string;
  name: string;
  /** pg_class.relkind. */
  kind: string;
  persistence: string;
  hasIndexes: boolean;
  hasRules: boolean;
  hasTriggers: boolean;
  hasChecks: boolean;
  rowSecurity: boolean;
  forceRowSecurity: boolean;
  isPartition: boolean;
  options: string;
  tablespace: string;
  ofType: string;
  replicaIdentity: string;
  accessMethod: string | null;
}

/** The relations that a pattern names, in the order in which psql describes them. */
export async function relationsOf(pattern: string, context: DescribeContext): Promise<Relation[]> {
  const { rows } = await context.query(`select c.oid, n.nspname, c.relname, c.relkind, c.relpersistence,
  c.relhasindex, c.relhasrules, c.relhastriggers, c.relchecks > 0, c.relrowsecurity, c.relforcerowsecurity,
  c.relispartition,
  pg_catalog.array_to_string(c.reloptions || array(select 'toast.' || x from pg_catalog.unnest(tc.reloptions) x), ', '),
  coalesce((select s.spcname from pg_catalog.pg_tablespace s where s.oid = c.reltablespace), ''),
  case when c.reloftype = 0 then '' else c.reloftype::pg_catalog.regtype::pg_catalog.text end,
  c.relreplident, am.amname
from pg_catalog.pg_class c
  left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_class tc on tc.oid = c.reltoastrelid
  left join pg_catalog.pg_am am on am.oid = c.relam
where ${patternCondition(pattern, RELATION, context.database)}
order by 2, 3`);
  return rows.map((row) => {
    const text = (at: number): string => row[at] ?? '';
    const flag = (at: number): boolean => row[at] === 't';
    return {
      oid: text(0),
      schema: text(1),
      name: text(2),
      kind: text(3),
      persistence: text(4),
      hasIndexes: flag(5),
      hasRules: flag(6),
      hasTriggers: flag(7),
      hasChecks: flag(8),
      rowSecurity: flag(9),
      forceRowSecurity: flag(10),
      isPartition: flag(11),
      options: text(12),
      tablespace: text(13),
      ofType: text(14),
      replicaIdentity: text(15),
      accessMethod: row[16] ?? null,
    };
  });
}

const UNLOGGED_TITLES: Readonly<Record<string, string>> = {
  r: 'Unlogged table',
  m: 'Unlogged materialized view',
  i: 'Unlogged index',
  I: 'Unlogged partitioned index',
  p: 'Unlogged partitioned table',
  S: 'Unlogged sequence',
};
const TITLES: Readonly<Record<string, string>> = {
  r: 'Table',
  v: 'View',
  m: 'Materialized view',
  i: 'Index',
  I: 'Partitioned index',
  t: 'TOAST table',
  c: 'Composite type',
  f: 'Foreign table',
  p: 'Partitioned table',
  S: 'Sequence',
};

/** The line above a relation's table. */
export function relationTitle({ kind, persistence, schema, name }: Relation): string {
  const unlogged = persistence === 'u' ? UNLOGGED_TITLES[kind] : undefined;
  return `${unlogged ?? TITLES[kind] ?? `?${kind}?`} "${schema}.${name}"`;
}
