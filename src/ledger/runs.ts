import type { ClientBase } from 'pg';
import type { Plan, PlannedStep } from '../plan/plan.ts';
import type { RunEvent, Outcome, RunState } from '../plan/events.ts';
import type { Actor } from './actor.ts';
import type { Queryable } from './client.ts';
import { INTERRUPTED } from './deliveries.ts';
import { aliveRuns, takeLock } from './locks.ts';
import { inTransaction } from './transaction.ts';

/** The NOTIFY channel of every ledger; payloads name their project. */
export const CHANNEL = 'dayboard';

/** PostgreSQL refuses payloads of 8,000 bytes and more. */
const MAX_PAYLOAD = 7_500;

/**
 * Writes the run and its steps as queued, and returns the run's id. The run's lock is taken on the same connection
 * before anybody sees the run: one without a lock is a dead one.
 */
export async function insertRun(client: ClientBase, plan: Plan, actor: Actor): Promise<string> {
  return inTransaction(client, async () => {
    const inserted = await client.query<{ id: string }>(
      `INSERT INTO dayboard.run (project, context, command, cli, plan, state, by_user, host, pid)
       VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8) RETURNING id`,
      [
        plan.project,
        plan.context,
        plan.request.command,
        plan.cli,
        JSON.stringify(plan),
        actor.user,
        actor.host,
        actor.pid,
      ],
    );
    const id = (inserted.rows[0] as { id: string }).id;
    await insertSteps(client, plan.project, id, plan.steps);
    await takeLock(client, { project: plan.project, target: `run ${id}`, actor, run: id });
    return id;
  });
}

async function insertSteps(
  client: Queryable,
  project: string,
  run: string,
  steps: readonly PlannedStep[],
): Promise<void> {
  await client.query(
    `INSERT INTO dayboard.step (run, seq, project, kind, target, period, state)
     SELECT $1, s.seq, $2, s.kind, s.target, s.period, 'queued'
       FROM unnest($3::int[], $4::text[], $5::text[], $6::text[]) AS s (seq, kind, target, period)`,
    [
      run,
      project,
      steps.map((step) => step.seq),
      steps.map((step) => step.kind),
      steps.map((step) => step.target),
      steps.map((step) => step.period ?? null),
    ],
  );
}

/** Writes one event: the step's row, the event itself (progress is not kept), and a NOTIFY for other consoles. */
export async function writeEvent(
  client: Queryable,
  project: string,
  seq: number,
  event: RunEvent,
): Promise<void> {
  await updateStep(client, event);
  if (event.type !== 'step.progress') {
    await client.query('INSERT INTO dayboard.event (run, seq, at, body) VALUES ($1, $2, $3, $4)', [
      event.run,
      seq,
      event.at,
      JSON.stringify(event),
    ]);
  }
  const whole = JSON.stringify({ project, run: event.run, seq, event });
  const payload =
    Buffer.byteLength(whole) <= MAX_PAYLOAD ? whole : JSON.stringify({ project, run: event.run, seq });
  await client.query('SELECT pg_notify($1, $2)', [CHANNEL, payload]);
}

/** What a step's progress tells in its detail, for as long as the step runs. */
const TOLD_LIVE = `'{phase,phaseShare,etaSeconds,estimated}'::text[]`;

async function updateStep(client: Queryable, event: RunEvent): Promise<void> {
  switch (event.type) {
    case 'step.started':
      await setStep(client, event, `state = 'running', started_at = $3`, [event.at]);
      return;
    case 'step.progress':
      await setStep(
        client,
        event,
        `rows = coalesce($3, rows), bytes = coalesce($4, bytes), total_bytes = coalesce($5, total_bytes),
         detail = (detail - ${TOLD_LIVE})
           || jsonb_strip_nulls(jsonb_build_object('phase', $6::text, 'phaseShare', $7::float8, 'etaSeconds', $8::float8, 'estimated', $9::boolean))`,
        [
          event.rows ?? null,
          event.bytes ?? null,
          event.totalBytes ?? null,
          event.phase ?? null,
          event.phaseShare ?? null,
          event.etaSeconds ?? null,
          event.estimated ?? null,
        ],
      );
      return;
    case 'step.done':
      await setStep(
        client,
        event,
        `state = 'done', finished_at = $3, rows = coalesce($4, rows), bytes = coalesce($5, bytes), detail = (detail - ${TOLD_LIVE}) || $6`,
        [event.at, event.rows ?? null, event.bytes ?? null, JSON.stringify(event.detail ?? {})],
      );
      return;
    case 'step.failed':
      await setStep(client, event, `state = 'failed', finished_at = $3, error = $4`, [
        event.at,
        JSON.stringify(event.error),
      ]);
      return;
    case 'step.skipped':
      await setStep(
        client,
        event,
        `state = 'skipped', finished_at = $3, detail = detail || jsonb_build_object('reason', $4::text)`,
        [event.at, event.reason],
      );
      return;
    case 'step.cancelled':
      await setStep(client, event, `state = 'cancelled', finished_at = $3`, [event.at]);
      return;
    default:
      return;
  }
}

async function setStep(
  client: Queryable,
  event: RunEvent & { step: { seq: number } },
  set: string,
  values: unknown[],
): Promise<void> {
  await client.query(`UPDATE dayboard.step SET ${set} WHERE run = $1 AND seq = $2`, [
    event.run,
    event.step.seq,
    ...values,
  ]);
}

/** Ends a run in the ledger, and forgets its locks, which end with its connections. */
export async function finishRun(
  client: Queryable,
  run: string,
  state: RunState,
  outcome: Outcome,
): Promise<void> {
  await client.query(
    `WITH forgotten AS (DELETE FROM dayboard.lock WHERE run = $1)
     UPDATE dayboard.run SET state = $2, finished_at = clock_timestamp(), outcome = $3 WHERE id = $1`,
    [run, state, JSON.stringify(outcome)],
  );
}

/** Asks a run to stop; its own process does it. False when it is not running (any more). */
export async function requestCancel(
  client: Queryable,
  project: string,
  run: string,
  mode: 'step' | 'now',
  by: string,
): Promise<boolean> {
  const updated = await client.query(
    `UPDATE dayboard.run SET cancel = CASE WHEN cancel = 'now' THEN cancel ELSE $3 END, cancelled_by = $4
      WHERE project = $1 AND id = $2 AND state = 'running'`,
    [project, run, mode, by],
  );
  if (updated.rowCount === 0) return false;
  await client.query('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify({ project, run, cancel: mode })]);
  return true;
}

/** What somebody asked a run to do: undefined while it should go on. */
export async function cancelRequest(
  client: Queryable,
  run: string,
): Promise<{ mode: 'step' | 'now'; by: string } | undefined> {
  const found = await client.query<{ cancel: 'step' | 'now' | null; cancelled_by: string | null }>(
    'SELECT cancel, cancelled_by FROM dayboard.run WHERE id = $1',
    [run],
  );
  const row = found.rows[0];
  return row?.cancel ? { mode: row.cancel, by: row.cancelled_by ?? 'unknown' } : undefined;
}

/** The events of a run after `seq`, oldest first. */
export async function eventsAfter(
  client: Queryable,
  run: string,
  seq: number,
): Promise<Array<{ seq: number; event: RunEvent }>> {
  const found = await client.query<{ seq: number; body: RunEvent }>(
    'SELECT seq, body FROM dayboard.event WHERE run = $1 AND seq > $2 ORDER BY seq',
    [run, seq],
  );
  return found.rows.map((row) => ({ seq: row.seq, event: row.body }));
}

/**
 * Runs whose process is gone without an end (nobody holds their lock) are ended as 'interrupted'; what they were at
 * is marked failed, what they had not begun cancelled, and their locks are forgotten. Returns their ids.
 */
export async function endInterruptedRuns(client: Queryable, project: string): Promise<string[]> {
  // In this order: a run appears in the ledger together with its lock, so one that is seen here has one by then.
  const unended = await client.query<{ id: string }>(
    `SELECT id FROM dayboard.run WHERE project = $1 AND state = 'running'`,
    [project],
  );
  const alive = await aliveRuns(client, project);
  // One statement: whoever ends them may be interrupted, too.
  const ended = await client.query<{ id: string }>(
    `WITH ended AS (
       UPDATE dayboard.run SET state = 'interrupted', finished_at = clock_timestamp()
        WHERE id = ANY ($1::bigint[]) AND state = 'running' RETURNING id
     ), failed AS (
       UPDATE dayboard.step SET state = 'failed', finished_at = clock_timestamp(), error = $2
         FROM ended WHERE run = ended.id AND step.state = 'running'
     ), cancelled AS (
       UPDATE dayboard.step SET state = 'cancelled' FROM ended WHERE run = ended.id AND step.state = 'queued'
     ), forgotten AS (
       DELETE FROM dayboard.lock USING ended WHERE run = ended.id
     )
     SELECT id FROM ended`,
    [unended.rows.map((row) => row.id).filter((id) => !alive.includes(id)), JSON.stringify(INTERRUPTED)],
  );
  return ended.rows.map((row) => row.id);
}
