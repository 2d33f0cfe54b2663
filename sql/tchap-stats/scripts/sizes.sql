-- name: sizes
-- description: The biggest tables, with their partitions, and the biggest indexes, with how often they were used
-- param top integer = 20  How many of each
\set ON_ERROR_STOP on
\set QUIET on
\if :{?top}
\else
\set top 20
\endif

\pset title 'Tables'
WITH stored AS (
  SELECT
    coalesce(pg_partition_root(class.oid), class.oid)::regclass AS relation,
    class.relispartition AS is_partition,
    -- Those that were never analyzed say -1.
    greatest(class.reltuples, 0)::bigint AS rows,
    pg_table_size(class.oid) AS table_bytes,
    pg_indexes_size(class.oid) AS index_bytes
  FROM pg_class AS class
  JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
  WHERE class.relkind IN ('r', 'm')
    AND namespace.nspname !~ '^pg_' AND namespace.nspname <> 'information_schema'
),
summed AS (
  SELECT
    relation,
    count(*) FILTER (WHERE is_partition) AS partitions,
    sum(rows)::bigint AS rows,
    sum(table_bytes) AS table_bytes,
    sum(index_bytes) AS index_bytes,
    sum(table_bytes + index_bytes) AS bytes
  FROM stored
  GROUP BY relation
)
SELECT
  relation, partitions, rows AS rows_estimated,
  pg_size_pretty(table_bytes) AS "table", pg_size_pretty(index_bytes) AS indexes, pg_size_pretty(bytes) AS total,
  round(100.0 * bytes / nullif(sum(bytes) OVER (), 0), 1) AS percent
FROM summed
ORDER BY bytes DESC, relation::text
LIMIT :'top'::integer;

\pset title 'Indexes, and scans since statistics were last reset'
SELECT
  coalesce(pg_partition_root(indexrelid), indexrelid)::regclass AS index,
  coalesce(pg_partition_root(relid), relid)::regclass AS relation,
  pg_size_pretty(sum(pg_relation_size(indexrelid))) AS size,
  sum(idx_scan) AS scans
FROM pg_stat_user_indexes
GROUP BY 1, 2
ORDER BY sum(pg_relation_size(indexrelid)) DESC, 1::text
LIMIT :'top'::integer;
