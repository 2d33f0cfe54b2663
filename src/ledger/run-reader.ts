import type { RunSummary, StepStatus } from '../plan/board.ts';
import type { Outcome } from '../plan/events.ts';
import { durationKey } from '../plan/make.ts';
import type { Plan, StepKind } from '../plan/plan.ts';
import type { ErrorValue } from '../project/errors.ts';
import type { Queryable } from './client.ts';
import { progressOf, type ProgressDetail } from './deliveries.ts';

interface RunRow {
  id: string;
  command: string;
  cli: string;
  state: RunSummary['state'];
  started_at: Date;
  finished_at: Date | null;
  by_user: string;
  host: string;
  pid: number;
  cancel: 'step' | 'now' | null;
  total: number;
  done: number;
  failed: number;
  skipped: number;
  cancelled: number;
  running: number;
}

const SUMMARY = `
  SELECT r.id, r.command, r.cli, r.state, r.started_at, r.finished_at, r.by_user, r.host, r.pid, r.cancel,
         count(s.seq)::int AS total,
         (count(*) FILTER (WHERE s.state = 'done'))::int AS done,
         (count(*) FILTER (WHERE s.state = 'failed'))::int AS failed,
         (count(*) FILTER (WHERE s.state = 'skipped'))::int AS skipped,
         (count(*) FILTER (WHERE s.state = 'cancelled'))::int AS cancelled,
         (count(*) FILTER (WHERE s.state = 'running'))::int AS running
    FROM dayboard.run r LEFT JOIN dayboard.step s ON s.run = r.id`;

/**
 * The newest runs first, and with them those of `always`, however old. Runs in state 'running' that are not `alive` are
 * shown as interrupted.
 */
export async function readRuns(
  client: Queryable,
  project: string,
  limit: number,
  alive: readonly string[],
  always: readonly string[] = [],
): Promise<RunSummary[]> {
  const found = await client.query<RunRow>(
    `${SUMMARY} WHERE r.id IN (SELECT id FROM dayboard.run WHERE project = $1 ORDER BY id DESC LIMIT $2) OR r.project = $1 AND r.id = ANY ($3::bigint[]) GROUP BY r.id ORDER BY r.id DESC`,
    [project, limit, always],
  );
  return found.rows.map((row) => summaryOf(row, alive));
}

/** One run, or undefined when the project has none of that id. */
export async function readRun(
  client: Queryable,
  project: string,
  id: string,
  alive: readonly string[],
): Promise<{ run: RunSummary; plan: Plan; outcome?: Outcome } | undefined> {
  if (!/^\d{1,18}$/.test(id)) return undefined;
  const found = await client.query<RunRow & { plan: Plan; outcome: Outcome | null }>(
    `SELECT summary.*, r.plan, r.outcome FROM (${SUMMARY} WHERE r.project = $1 AND r.id = $2 GROUP BY r.id) summary
       JOIN dayboard.run r ON r.id = summary.id`,
    [project, id],
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  return {
    run: summaryOf(row, alive),
    plan: row.plan,
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
  };
}

function summaryOf(row: RunRow, alive: readonly string[]): RunSummary {
  return {
    id: row.id,
    command: row.command,
    cli: row.cli,
    state: row.state === 'running' && !alive.includes(row.id) ? 'interrupted' : row.state,
    startedAt: row.started_at.toISOString(),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at.toISOString() }),
    by: row.by_user,
    host: row.host,
    pid: row.pid,
    ...(row.cancel === null ? {} : { cancel: row.cancel }),
    steps: {
      total: row.total,
      done: row.done,
      failed: row.failed,
      skipped: row.skipped,
      cancelled: row.cancelled,
      running: row.running,
    },
  };
}

interface StepRow {
  seq: number;
  kind: StepKind;
  target: string;
  period: string | null;
  state: StepStatus['state'];
  started_at: Date | null;
  finished_at: Date | null;
  rows: string | null;
  bytes: string | null;
  total_bytes: string | null;
  detail: Record<string, unknown> & ProgressDetail;
  error: ErrorValue | null;
}

/** The steps of a run in the plan's order. `durations` are the medians by durationKey. */
export async function readSteps(
  client: Queryable,
  run: string,
  durations: ReadonlyMap<string, number>,
): Promise<StepStatus[]> {
  const found = await client.query<StepRow>(
    `SELECT seq, kind, target, period, state, started_at, finished_at, rows, bytes, total_bytes, detail, error
       FROM dayboard.step WHERE run = $1 ORDER BY seq`,
    [run],
  );
  return found.rows.map((row) => {
    const median = durations.get(durationKey(row.kind, row.target));
    return {
      seq: row.seq,
      kind: row.kind,
      target: row.target,
      state: row.state,
      progress: progressOf(row),
      detail: row.detail,
      ...(row.period === null ? {} : { period: row.period }),
      ...(row.started_at === null ? {} : { startedAt: row.started_at.toISOString() }),
      ...(row.finished_at === null ? {} : { finishedAt: row.finished_at.toISOString() }),
      ...(median === undefined ? {} : { medianSeconds: median }),
      ...(row.error === null ? {} : { error: row.error }),
    };
  });
}

/** How many past runs of a step its median is taken over. */
const SAMPLE = 14;

/** Median seconds of the last done steps, by durationKey, and the last durations of each, oldest first. */
export async function readDurations(
  client: Queryable,
  project: string,
): Promise<{ medians: Map<string, number>; last: Map<string, number[]> }> {
  const found = await client.query<{ kind: StepKind; target: string; seconds: number[] }>(
    // From one kind and target to the next by the index, and into each for its last steps: the history is not read.
    `WITH RECURSIVE known AS (
       (SELECT kind, target FROM dayboard.step WHERE project = $1 AND state = 'done' ORDER BY kind, target LIMIT 1)
       UNION ALL
       SELECT next.kind, next.target
         FROM known
        CROSS JOIN LATERAL (SELECT kind, target FROM dayboard.step
                             WHERE project = $1 AND state = 'done' AND (kind, target) > (known.kind, known.target)
                             ORDER BY kind, target LIMIT 1) next)
     SELECT known.kind, known.target, array_agg(recent.seconds ORDER BY recent.finished_at) AS seconds
       FROM known
      CROSS JOIN LATERAL (SELECT finished_at, extract(epoch FROM finished_at - started_at)::float8 AS seconds
                            FROM dayboard.step
                           WHERE project = $1 AND state = 'done' AND kind = known.kind AND target = known.target
                             AND started_at IS NOT NULL
                           ORDER BY finished_at DESC LIMIT ${SAMPLE}) recent
      GROUP BY known.kind, known.target`,
    [project],
  );
  const medians = new Map<string, number>();
  const last = new Map<string, number[]>();
  for (const row of found.rows) {
    last.set(durationKey(row.kind, row.target), row.seconds);
    medians.set(durationKey(row.kind, row.target), median(row.seconds));
  }
  return { medians, last };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
