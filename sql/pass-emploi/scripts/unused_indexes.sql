-- name: unused_indexes
-- description: Indexes that were hardly used since statistics were last reset, and what they take; none that keeps a key
-- param scans integer = 10  The most scans of an index that is shown
\set ON_ERROR_STOP on
\set QUIET on
\if :{?scans}
\else
\set scans 10
\endif

\pset title 'Statistics since'
SELECT coalesce(stats_reset, pg_postmaster_start_time())::timestamp(0) AS since
FROM pg_stat_database
WHERE datname = current_database();

\pset title 'Indexes'
WITH used AS (
  SELECT
    coalesce(pg_partition_root(used.indexrelid), used.indexrelid)::regclass AS index,
    coalesce(pg_partition_root(used.relid), used.relid)::regclass AS relation,
    sum(used.idx_scan) AS scans,
    sum(pg_relation_size(used.indexrelid)) AS bytes
  FROM pg_stat_user_indexes AS used
  JOIN pg_index AS defined USING (indexrelid)
  WHERE NOT defined.indisunique AND NOT defined.indisexclusion AND NOT defined.indisreplident
  GROUP BY 1, 2
)
SELECT relation, index, scans, pg_size_pretty(bytes) AS size, pg_size_pretty(sum(bytes) OVER ()) AS of_all_shown
FROM used
WHERE scans <= :'scans'::integer
ORDER BY bytes DESC, index::text;
