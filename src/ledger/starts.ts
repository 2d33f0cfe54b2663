import type { Queryable } from './client.ts';

/** When steps last started and last succeeded, and since when something is owed, RFC 3339. */
export interface Starts {
  /** By 'kind target'. */
  started: ReadonlyMap<string, string>;
  done: ReadonlyMap<string, string>;
  /** The oldest that is owed, by name. */
  owedSince: ReadonlyMap<string, string>;
}

/** @param steps kinds and targets to look for */
export async function readStarts(
  client: Queryable,
  project: string,
  steps: ReadonlyArray<{ kind: string; target: string }>,
): Promise<Starts> {
  const found = await client.query<{ step: string; started: Date | null; done: Date | null }>(
    // Each by its index: of a step that never ran, any other order reads the whole history.
    `SELECT w.kind || ' ' || w.target AS step,
            (SELECT s.started_at FROM dayboard.step s WHERE s.project = $1 AND s.kind = w.kind AND s.target = w.target
                AND s.started_at IS NOT NULL ORDER BY s.started_at DESC LIMIT 1) AS started,
            (SELECT s.finished_at FROM dayboard.step s WHERE s.project = $1 AND s.kind = w.kind AND s.target = w.target
                AND s.state = 'done' ORDER BY s.finished_at DESC LIMIT 1) AS done
       FROM unnest($2::text[], $3::text[]) AS w (kind, target)`,
    [project, steps.map(({ kind }) => kind), steps.map(({ target }) => target)],
  );
  const owed = await client.query<{ name: string; since: Date }>(
    'SELECT name, min(since) AS since FROM dayboard.owed WHERE project = $1 GROUP BY name',
    [project],
  );
  const times = (of: 'started' | 'done') =>
    new Map(
      found.rows.flatMap(({ step, [of]: at }) => (at === null ? [] : [[step, at.toISOString()] as const])),
    );
  return {
    started: times('started'),
    done: times('done'),
    owedSince: new Map(owed.rows.map(({ name, since }) => [name, since.toISOString()])),
  };
}
