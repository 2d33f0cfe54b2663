import type { Project, RelationName } from '../project/model.ts';
import type { IndexSize, PartSize, RelationSize, SizeKind, Sizes } from '../plan/sizes.ts';
import { bytesOf } from '../plan/sizes.ts';
import type { Queryable } from './client.ts';
import { qualified } from './sql.ts';

/**
 * Tables of the definition, what dayboard made for it, what undos need, the ledger, and work tables of runs. Sizes are the
 * catalogue's, of the last vacuum or analyze: asking for the files' own would wait for whoever has a table locked.
 */
const ROOTS = `
  WITH RECURSIVE named AS (
    SELECT to_regclass(t.relation)::oid AS root, t.kind, t.owner FROM unnest($2::text[], $3::text[], $4::text[]) AS t(relation, kind, owner)
  ), made AS (
    SELECT c.oid AS root, CASE r.kind WHEN 'raw' THEN 'dataset' WHEN 'shadow' THEN 'shadow' WHEN 'origin' THEN 'origin'
                                      WHEN 'published' THEN 'rollup' ELSE r.kind END AS kind, r.owner
      FROM dayboard.relation r JOIN pg_class c ON c.oid = r.relation_oid AND c.relkind IN ('r', 'p', 'm')
     WHERE r.project = $1
  ), kept AS (
    SELECT to_regclass(format('dayboard.%I', k.name))::oid AS root, 'undo' AS kind, v.dataset AS owner
      FROM dayboard.version v CROSS JOIN unnest(ARRAY[v.kept_rows, v.kept_keys, v.kept_whole]) AS k(name)
     WHERE v.project = $1 AND k.name IS NOT NULL
  ), ours AS (
    SELECT DISTINCT ON (root) root, kind, owner
      FROM (SELECT * FROM named UNION ALL SELECT * FROM made UNION ALL SELECT * FROM kept) o
     WHERE root IS NOT NULL ORDER BY root, kind
  ), other AS (
    SELECT c.oid AS root, CASE n.nspname WHEN 'dayboard' THEN 'ledger' ELSE 'work tables' END AS kind, NULL AS owner
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('dayboard', 'dayboard_staging') AND c.relkind = 'r'
       AND NOT EXISTS (SELECT FROM dayboard.relation r WHERE r.relation_oid = c.oid)
       AND NOT EXISTS (SELECT FROM dayboard.version v WHERE c.relname IN (v.kept_rows, v.kept_keys, v.kept_whole))
  ), root AS (
    SELECT r.root, r.kind, r.owner,
           CASE WHEN r.kind IN ('undo', 'ledger', 'work tables') THEN n.nspname ELSE n.nspname || '.' || c.relname END AS relation
      FROM (SELECT * FROM ours UNION ALL SELECT * FROM other) r
      JOIN pg_class c ON c.oid = r.root AND c.relkind IN ('r', 'p', 'm') JOIN pg_namespace n ON n.oid = c.relnamespace
  ), inside AS (
    SELECT root, root AS oid FROM root
     UNION
    SELECT inside.root, i.inhrelid FROM inside JOIN pg_inherits i ON i.inhparent = inside.oid
  ), leaf AS MATERIALIZED (
    SELECT DISTINCT r.*, c.oid, c.relname AS name, greatest(c.reltuples, 0) AS rows,
           (c.relpages + coalesce(t.relpages, 0)) * block.size AS bytes
      FROM root r JOIN inside USING (root)
      JOIN pg_class c ON c.oid = inside.oid AND c.relkind IN ('r', 'm')
      LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
      CROSS JOIN (SELECT current_setting('block_size')::bigint AS size) block
  ), index AS MATERIALIZED (
    SELECT l.root, l.oid AS of, i.indexrelid, c.relpages * current_setting('block_size')::bigint AS bytes,
           coalesce(pg_partition_root(i.indexrelid)::oid, i.indexrelid) AS whole,
           i.indisunique OR i.indisreplident OR i.indisexclusion AS needed
      FROM leaf l JOIN pg_index i ON i.indrelid = l.oid JOIN pg_class c ON c.oid = i.indexrelid
  )`;

const TABLES = `${ROOTS}
  SELECT l.relation, l.kind, l.owner, l.name, l.oid <> l.root AS partition, l.rows::bigint AS rows, l.bytes,
         coalesce((SELECT sum(i.bytes) FROM index i WHERE i.root = l.root AND i.of = l.oid), 0)::bigint AS index_bytes
    FROM leaf l
   ORDER BY 1, 2, 3, 4`;

/**
 * The index of a partition counts for that of the whole. What only newer servers tell is asked by its name. To have
 * PostgreSQL write the definition would wait for the table's lock.
 */
const INDEXES = `${ROOTS}
  SELECT r.relation, r.kind, r.owner, c.relname AS name, bool_or(i.needed) AS needed,
         (SELECT format('%s (%s)%s', m.amname, string_agg(a.attname, ', ' ORDER BY a.attnum), CASE WHEN bool_or(x.indpred IS NULL) THEN '' ELSE ', partial' END)
            FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indexrelid AND a.attnum <= x.indnkeyatts JOIN pg_am m ON m.oid = c.relam
           WHERE x.indexrelid = i.whole GROUP BY m.amname) AS definition,
         sum(i.bytes)::bigint AS bytes, coalesce(sum(s.idx_scan), 0)::bigint AS scans,
         to_char(max((to_jsonb(s) ->> 'last_idx_scan')::timestamptz) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last_used
    FROM root r JOIN index i USING (root) JOIN pg_class c ON c.oid = i.whole
    LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = i.indexrelid
   WHERE r.kind NOT IN ('undo', 'ledger', 'work tables')
   GROUP BY 1, 2, 3, 4, i.whole, c.relam
   ORDER BY 7 DESC, 4`;

interface Of {
  relation: string;
  kind: SizeKind;
  owner: string | null;
}

interface TableRow extends Of {
  name: string;
  partition: boolean;
  rows: string;
  bytes: string;
  index_bytes: string;
}

interface IndexRow extends Of {
  name: string;
  definition: string;
  needed: boolean;
  bytes: string;
  scans: string;
  last_used: string | null;
}

/** What a project takes on the server. Reads the catalogue and the statistics alone, and waits for no lock. */
export async function readSizes(client: Queryable, project: Project): Promise<Sizes> {
  const named: Array<[RelationName, SizeKind, string]> = [
    ...project.datasets.map(
      ({ table, name }) => [table, 'dataset', name] as [RelationName, SizeKind, string],
    ),
    ...project.views.map((view) => [view, 'view', view.name] as [RelationName, SizeKind, string]),
    ...(project.aggregates ?? []).map(
      ({ table, name }) => [table, 'aggregate', name] as [RelationName, SizeKind, string],
    ),
  ];
  const values = [
    project.name,
    named.map(([relation]) => qualified(relation)),
    named.map(([, kind]) => kind),
    named.map(([, , owner]) => owner),
  ];
  const tables = await client.query<TableRow>(TABLES, values);
  const indexes = await client.query<IndexRow>(INDEXES, values);
  const since = await client.query<{ since: string | null }>(
    `SELECT to_char(stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since FROM pg_stat_database WHERE datname = current_database()`,
  );
  const found = new Map<string, RelationSize>();
  for (const row of tables.rows) addTable(found, row);
  for (const row of indexes.rows) found.get(nameOf(row))?.indexes.push(indexOf(row));
  const relations = [...found.values()].sort(
    (one, other) => bytesOf(other) - bytesOf(one) || one.relation.localeCompare(other.relation),
  );
  const counted = since.rows[0]?.since;
  return { ...(counted === null || counted === undefined ? {} : { since: counted }), relations };
}

function nameOf({ relation, kind, owner }: Of): string {
  return [relation, kind, owner].join('\n');
}

function addTable(found: Map<string, RelationSize>, row: TableRow): void {
  const { relation, kind, owner } = row;
  const size = found.get(nameOf(row)) ?? {
    relation,
    kind,
    ...(owner === null ? {} : { of: owner }),
    rows: 0,
    tableBytes: 0,
    indexBytes: 0,
    indexes: [],
    parts: [],
  };
  const [rows, bytes, indexBytes] = [row.rows, row.bytes, row.index_bytes].map(Number) as [
    number,
    number,
    number,
  ];
  const isPart = row.partition || !relation.includes('.');
  const part: PartSize[] = isPart ? [{ name: row.name, rows, bytes: bytes + indexBytes }] : [];
  found.set(nameOf(row), {
    ...size,
    rows: size.rows + rows,
    tableBytes: size.tableBytes + bytes,
    indexBytes: size.indexBytes + indexBytes,
    parts: [...size.parts, ...part],
  });
}

function indexOf({ name, definition, needed, bytes, scans, last_used: lastUsed }: IndexRow): IndexSize {
  return {
    name,
    definition,
    bytes: Number(bytes),
    scans: Number(scans),
    ...(lastUsed === null ? {} : { lastUsed }),
    needed,
  };
}
