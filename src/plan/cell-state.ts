import { Temporal } from 'temporal-polyfill';
import type { CellState, Dataset, Period } from '../project/model.ts';
import { dueAt } from '../project/period.ts';
import type { Cell } from './board.ts';
import type { DeliveryFacts } from './facts.ts';

/** What a cell's state is decided against. */
export interface StateContext {
  /** RFC 3339. */
  now: string;
  /** Hash of the dataset's rules as they are defined now. */
  rulesHash: string;
  /** The first period of which anything is known: what is before it was never promised. Undefined when nothing is to be presumed. */
  knownSince?: Period | undefined;
}

/** Kept: a formatter for each of a board's thousands of cells takes longer than reading them. */
const COUNT = new Intl.NumberFormat('en');

/** What is taken back would come again by itself within minutes where a schedule runs. */
const ONLY_WHEN_ASKED = 'It is loaded again only when asked for (--reprocess all).';

/** An ETag means the same object only under the same key. */
function isSameObject(
  version: { key: string; etag: string },
  object: { key: string; etag: string },
): boolean {
  return version.etag === object.etag && version.key === object.key;
}

/** A delivery's cell: its state, worst first as DESIGN section 2 orders them, and why, in one sentence. */
export function cellOf(dataset: Dataset, facts: DeliveryFacts, context: StateContext): Cell {
  const { state, why, since, takenBack } = decide(dataset, facts, context);
  const { version, object, attempt } = facts;
  const run = attempt?.run ?? version?.run;
  return {
    dataset: facts.dataset,
    period: facts.period,
    state,
    why,
    version: version?.version ?? 0,
    publishedBefore: version !== undefined,
    ...(version === undefined ? {} : { rows: version.rows }),
    ...(object === undefined
      ? {}
      : { object: { key: object.key, size: object.size, etag: object.etag, modified: object.modified } }),
    ...(object !== undefined && object.fetchedEtag === object.etag ? { fetched: true } : {}),
    ...(run === undefined ? {} : { run }),
    ...(since === undefined ? {} : { since }),
    ...(takenBack === undefined ? {} : { takenBack }),
    ...(state === 'failed' && attempt?.error !== undefined ? { error: attempt.error } : {}),
    ...(state === 'running' && attempt !== undefined
      ? { progress: { ...attempt.progress, kind: attempt.kind } }
      : {}),
  };
}

interface Decision {
  state: CellState;
  why: string;
  since?: string | undefined;
  takenBack?: true;
}

function decide(dataset: Dataset, facts: DeliveryFacts, context: StateContext): Decision {
  if (dataset.off !== undefined) return { state: 'off', why: `Switched off: ${dataset.off}` };
  return (
    attempted(facts) ??
    (facts.version === undefined ? unpublished(dataset, facts, context) : published(facts, context))
  );
}

function attempted({ attempt, object, version }: DeliveryFacts): Decision | undefined {
  if (attempt === undefined) return undefined;
  if (attempt.state === 'running' || attempt.state === 'queued') {
    const what = attempt.state === 'running' ? `is at its ${attempt.kind} step` : 'has it queued';
    const who = attempt.by === undefined ? '' : ` of ${attempt.by}, since ${attempt.runSince ?? attempt.at},`;
    return { state: 'running', why: `Run ${attempt.run}${who} ${what}.`, since: attempt.at };
  }
  // A missing object is the source's state, told by the listing; and a new object deserves a new judgement.
  if (attempt.error?.code === 'source.object-missing') return undefined;
  if (version !== undefined && isSuperseded(attempt, version)) return undefined;
  if (object !== undefined && attempt.etag !== undefined && attempt.etag !== object.etag) return undefined;
  const kept =
    version === undefined ? 'Nothing was published.' : `Version ${version.version} is still published.`;
  return { state: 'failed', why: `${attempt.error?.message ?? 'It failed.'} ${kept}`, since: attempt.at };
}

/**
 * Whether what was published makes a failed attempt a thing of the past: its own run published after all, or a later
 * one did. The clocks of servers and clients differ; they are asked only where there is no run, and for an attempt
 * that was refused because the publishing run was at the delivery.
 */
function isSuperseded(
  attempt: NonNullable<DeliveryFacts['attempt']>,
  version: NonNullable<DeliveryFacts['version']>,
): boolean {
  if (version.run === undefined || attempt.error?.code === 'lock.held')
    return version.publishedAt > attempt.at;
  return BigInt(version.run) >= BigInt(attempt.run);
}

function published({ version, object, undone }: DeliveryFacts, context: StateContext): Decision {
  if (version === undefined) throw new TypeError('a published delivery has a version');
  const since = version.publishedAt;
  const finding = version.findings[0];
  if (object !== undefined && undone !== undefined && isSameObject(undone, object)) {
    return {
      state: finding === undefined ? 'loaded' : 'suspicious',
      why: `Version ${version.version}: ${undone.by} took version ${undone.version}, which is what is at the source, back. ${ONLY_WHEN_ASKED}`,
      since,
      takenBack: true,
    };
  }
  if (object !== undefined && !isSameObject(version, object)) {
    return {
      state: 'stale',
      why: `The object changed at the source (${object.modified}) after version ${version.version} was loaded.`,
      since: object.modified,
    };
  }
  if (version.rulesHash !== context.rulesHash) {
    return {
      state: 'owed',
      why: `Version ${version.version} was loaded under older rules of the definition.`,
      since,
    };
  }
  if (version.lacks === true) {
    return {
      state: 'owed',
      why: `Rows of version ${version.version} that a newer version of another delivery no longer stands for were given up after keepVersionsDays: it must be loaded again.`,
      since,
    };
  }
  if (finding !== undefined) return { state: 'suspicious', why: finding.message, since };
  return {
    state: 'loaded',
    why: `Version ${version.version}, ${COUNT.format(version.rows)} rows.`,
    since,
  };
}

function unpublished(
  dataset: Dataset,
  { period, object, undone }: DeliveryFacts,
  context: StateContext,
): Decision {
  if (object !== undefined && undone !== undefined && isSameObject(undone, object)) {
    return {
      state: 'available',
      why: `${undone.by} took version ${undone.version} of what is at the source back. ${ONLY_WHEN_ASKED}`,
      since: undone.at,
      takenBack: true,
    };
  }
  if (object !== undefined) {
    return object.fetchedEtag === object.etag
      ? { state: 'fetched', why: 'Verified in the cache, not loaded yet.', since: object.firstSeen }
      : { state: 'available', why: 'At the source, not loaded yet.', since: object.firstSeen };
  }
  if (isBefore(dataset.since, period))
    return { state: 'not due', why: `Deliveries begin with ${dataset.since}.` };
  if (isBefore(context.knownSince, period)) {
    return { state: 'not due', why: `No delivery before ${context.knownSince} is known.` };
  }
  const due = dueAt(period, dataset.expected, dataset.timeZone);
  if (Temporal.Instant.compare(Temporal.Instant.from(context.now), due) < 0) {
    return { state: 'not due', why: `Due ${due.toString({ smallestUnit: 'minute' })}.` };
  }
  return { state: 'missing', why: 'Due, and the source has nothing.', since: due.toString() };
}

function isBefore(since: Period | undefined, period: Period): boolean {
  return since !== undefined && period < since;
}
