import type pg from 'pg';
import type { Project } from '../project/model.ts';
import { qualified } from '../ledger/sql.ts';
import type { DoctorFinding } from './workspace.ts';

/** So many are named. */
const NAMED = 5;
/** Indexes of fewer pages than this, together, are not worth a word. */
const FEW_PAGES = 1024;

/**
 * The project's relations $2 (and all that the ledger has of it) with their partitions. Sizes are the catalogue's, of the
 * last vacuum or analyze: asking for the files' own would wait for whoever has a table locked.
 */
const PARTS = `
  WITH root AS (
    SELECT to_regclass(name)::oid AS oid FROM unnest($2::text[]) AS name
     UNION SELECT relation_oid FROM dayboard.relation WHERE project = $1
  ), part AS (
    SELECT root.oid AS root, c.oid, c.relpages
      FROM root JOIN pg_class c
        ON c.oid = root.oid OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = root.oid)
  ), index AS (
    SELECT part.root, i.indexrelid AS oid, i.indisunique, c.relpages,
           coalesce((SELECT inhparent FROM pg_inherits WHERE inhrelid = i.indexrelid), i.indexrelid) AS root_index
      FROM part JOIN pg_index i ON i.indrelid = part.oid JOIN pg_class c ON c.oid = i.indexrelid
  ), block AS (SELECT current_setting('block_size')::bigint AS size)`;

const SIZES = `${PARTS}, sized AS (
    SELECT root, sum(relpages)::bigint * size AS bytes,
           coalesce((SELECT sum(index.relpages)::bigint FROM index WHERE index.root = part.root), 0) * size AS index_bytes
      FROM part, block GROUP BY root, size)
  SELECT count(*)::int AS relations, pg_size_pretty(coalesce(sum(bytes + index_bytes), 0)) AS total,
         pg_size_pretty(coalesce(sum(index_bytes), 0)) AS indexes,
         (SELECT string_agg(told, ', ' ORDER BY place) FROM (
            SELECT root::regclass || ' ' || pg_size_pretty(bytes + index_bytes) AS told,
                   row_number() OVER (ORDER BY bytes + index_bytes DESC, root) AS place FROM sized) biggest
           WHERE place <= ${NAMED}) AS biggest
    FROM sized`;

const UNUSED = `${PARTS}, unused AS (
    SELECT root_index, sum(relpages)::bigint * size AS bytes
      FROM index LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = index.oid, block
     GROUP BY root_index, size
    HAVING coalesce(sum(s.idx_scan), 0) = 0 AND NOT bool_or(indisunique) AND sum(relpages) >= ${FEW_PAGES})
  SELECT count(*)::int AS indexes, pg_size_pretty(coalesce(sum(bytes), 0)) AS total,
         (SELECT to_char(stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM pg_stat_database
           WHERE datname = current_database()) AS since,
         string_agg(root_index::regclass || ' ' || pg_size_pretty(bytes), ', ' ORDER BY bytes DESC, root_index) AS names
    FROM unused`;

interface Sizes {
  relations: number;
  total: string;
  indexes: string;
  biggest: string;
}

interface Unused {
  indexes: number;
  total: string;
  /** The day on which uses were last counted from 0; null when they always were. */
  since: string | null;
  names: string;
}

/** What the project's tables and indexes take, and indexes that nothing ever used. Waits for no lock. */
export async function* examineSizes(client: pg.Client, project: Project): AsyncIterable<DoctorFinding> {
  const named = [
    ...project.datasets.map(({ table }) => table),
    ...project.rollups.flatMap(({ published }) => (published === undefined ? [] : [published])),
  ];
  const values = [project.name, named.map((relation) => qualified(relation))];
  const [sizes] = (await client.query<Sizes>(SIZES, values)).rows;
  if (sizes === undefined || sizes.relations === 0) return;
  yield {
    verdict: 'pass',
    subject: 'Sizes',
    message: `${sizes.relations === 1 ? '1 relation takes' : `${sizes.relations} relations take`} ${sizes.total}, ${sizes.indexes} of it indexes, as of their last analyze. The biggest: ${sizes.biggest}.`,
  };
  const [unused] = (await client.query<Unused>(UNUSED, values)).rows;
  if (unused === undefined || unused.indexes === 0) return;
  const since = unused.since === null ? '' : ` since ${unused.since}`;
  const many = unused.indexes > 1;
  yield {
    verdict: 'warn',
    subject: 'Unused indexes',
    message: `${unused.indexes} index${many ? 'es were' : ' was'} never used${since} on this server and take${many ? '' : 's'} ${unused.total}: ${unused.names}.`,
    next: 'Where nobody reads by them on a replica either, leave them out of the definition and drop them with DROP INDEX CONCURRENTLY: each is kept up to date by every load.',
  };
}
