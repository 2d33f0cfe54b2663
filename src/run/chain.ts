import type { Queryable } from '../ledger/client.ts';
import { readStarts, type Starts } from '../ledger/starts.ts';
import type { DerivedStatus } from '../plan/board.ts';
import { type Derived, derivedInOrder } from '../plan/derived.ts';
import { durationKey } from '../plan/make.ts';
import { previousStart } from '../plan/schedule.ts';
import type { Project, SchemaCopy } from '../project/model.ts';

/** How long a scheduled start may take until what it should have begun is late, in milliseconds. */
const GRACE = 3 * 3_600_000;

/** What is known of the steps that a scheduled start leads to, one after another. */
export interface Chain {
  /** The newest scheduled start whose grace is over, RFC 3339. */
  start: string;
  starts: Starts;
}

/** Reads how the last scheduled start that is over went on. */
export async function readChain(client: Queryable, project: Project, now: string): Promise<Chain> {
  const steps = [
    ...derivedInOrder(project).map(({ kind, name }) => ({ kind, target: name })),
    ...(project.copies ?? []).map(({ name }) => ({ kind: 'copy', target: name })),
  ];
  return {
    start: previousStart(project.schedule, new Date(Date.parse(now) - GRACE).toISOString()),
    starts: await readStarts(client, project.name, steps),
  };
}

/**
 * Why a derived relation is late: it owed something when the schedule started, and its step has not begun since. What
 * comes after another step is watched like the first one. Undefined when it is not.
 *
 * @param owedThen whether it owed something at that start
 */
export function lateWhy(
  derived: Pick<Derived, 'kind' | 'name'>,
  chain: Chain,
  owedThen: (start: string) => boolean,
): string | undefined {
  const { start, starts } = chain;
  const begun = starts.started.get(durationKey(derived.kind, derived.name));
  if (begun !== undefined && begun >= start) return undefined;
  return owedThen(start)
    ? `It did not start when it should: at the scheduled start of ${minute(start)} it was owed, and nothing has begun to compute it since.`
    : undefined;
}

/** Copies of schemas, which the schedule makes first, as freshness shows them. */
export function copyStatuses(project: Project, chain: Chain, now: string): DerivedStatus[] {
  return (project.copies ?? [])
    .filter(({ off }) => off === undefined)
    .map((copy) => ({
      name: copy.name,
      kind: 'copy' as const,
      owed: [],
      reads: [],
      durations: [],
      ...copyVerdict(copy, chain, now),
    }));
}

function copyVerdict(
  { name }: SchemaCopy,
  { start, starts }: Chain,
  now: string,
): Pick<DerivedStatus, 'verdict' | 'why' | 'ageSeconds' | 'refreshed'> {
  const done = starts.done.get(`copy ${name}`);
  const begun = starts.started.get(`copy ${name}`);
  if (done === undefined)
    return { verdict: 'unknown', why: begun === undefined ? 'Never made.' : 'It has never succeeded.' };
  const known = {
    refreshed: done,
    ageSeconds: Math.max(0, Math.round((Date.parse(now) - Date.parse(done)) / 1000)),
  };
  if (done >= start) return { ...known, verdict: 'pass', why: `Made at ${minute(done)}.` };
  const what =
    begun !== undefined && begun >= start ? 'The one that began since did not succeed' : 'It did not start';
  return {
    ...known,
    verdict: 'error',
    why: `${what}: the schedule started at ${minute(start)}, and the last copy is of ${minute(done)}.`,
  };
}

function minute(instant: string): string {
  return `${instant.slice(0, 16)}Z`;
}
