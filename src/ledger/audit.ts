import type { AuditEntry } from '../plan/audit.ts';
import type { RunState } from '../plan/events.ts';
import type { Queryable } from './client.ts';

interface AuditRow {
  at: Date;
  by: string;
  host: string | null;
  context: string | null;
  did: string;
  what: string;
  run: string | null;
  state: RunState | null;
}

/** Each part reads its newest by an index, so that a long history costs nothing. */
const AUDIT = `
  WITH recent AS MATERIALIZED (
    SELECT * FROM dayboard.run WHERE project = $1 ORDER BY id DESC LIMIT $2
  ), entry AS (
    SELECT started_at AS at, by_user AS by, host, context, command AS did, cli AS what, id AS run, state, 0 AS rank
      FROM recent
    UNION ALL
    -- A diff passes every guard because it publishes nothing.
    SELECT started_at, by_user, host, context, 'forced', 'published past guards: '
             || (SELECT string_agg(guard, ', ') FROM jsonb_array_elements_text(plan -> 'request' -> 'force') guard),
           id, state, 1
      FROM recent
     WHERE command <> 'diff' AND jsonb_typeof(plan -> 'request' -> 'force') = 'array'
       AND plan -> 'request' -> 'force' <> '[]'
    UNION ALL
    -- From where it was asked is not known. Without an event the run's process was gone before it could obey.
    SELECT greatest(coalesce(asked.at, finished_at), started_at), coalesce(asked.by, cancelled_by, 'unknown'), NULL, context,
           'cancelled',
           CASE coalesce(asked.mode, cancel) WHEN 'now' THEN 'at once: ' ELSE 'after the steps in flight: ' END || cli,
           id, state, 2
      FROM recent
      LEFT JOIN LATERAL (SELECT at, body ->> 'by' AS by, body ->> 'mode' AS mode FROM dayboard.event
                          WHERE run = recent.id AND body ->> 'type' = 'run.cancelling') asked ON true
     WHERE (cancel IS NOT NULL OR state NOT IN ('done', 'failed')) AND (asked.at IS NOT NULL OR cancel IS NOT NULL)
    UNION ALL
    SELECT v.undone_at, coalesce(split_part(v.undone_by, ' on ', 1), 'unknown'),
           coalesce(nullif(split_part(v.undone_by, ' on ', 2), ''), r.host), r.context, 'took back',
           'version ' || v.version || ' of ' || v.dataset || ' ' || v.period || ', ' || v.kept || ' rows', r.id, r.state, 3
      FROM (SELECT * FROM dayboard.version WHERE project = $1 AND undone_at IS NOT NULL
             ORDER BY undone_at DESC LIMIT $2) v
      LEFT JOIN LATERAL (SELECT run FROM dayboard.step s
                          WHERE s.project = $1 AND s.target = v.dataset AND s.period = v.period AND s.kind = 'undo'
                            AND s.started_at <= v.undone_at
                          ORDER BY run DESC LIMIT 1) step ON true
      LEFT JOIN dayboard.run r ON r.id = step.run
    UNION ALL
    SELECT c.at, r.by_user, r.host, r.context, 'deleted',
           c.rows || ' rows of ' || c.dataset || ' ' || c.period || ' at ' || c.place, r.id, r.state, 4
      FROM (SELECT * FROM dayboard.cleanup WHERE project = $1 ORDER BY at DESC LIMIT $2) c
      JOIN dayboard.run r ON r.id = c.run
  )
  SELECT at, by, host, context, did, what, run::text, state FROM entry ORDER BY at DESC, rank DESC, run DESC LIMIT $2`;

/** Who did what in a project, the newest first: runs, what they forced, took back and deleted, and who cancelled them. */
export async function readAudit(
  client: Queryable,
  project: string,
  limit: number,
  alive: readonly string[],
): Promise<AuditEntry[]> {
  const found = await client.query<AuditRow>(AUDIT, [project, limit]);
  return found.rows.map(({ at, by, host, context, did, what, run, state }) => ({
    at: at.toISOString(),
    by,
    did,
    what,
    ...(host === null ? {} : { host }),
    ...(context === null ? {} : { context }),
    ...(run === null ? {} : { run }),
    ...(state === null
      ? {}
      : { state: state === 'running' && !alive.includes(run ?? '') ? 'interrupted' : state }),
  }));
}
