import type { Queryable } from '../ledger/client.ts';
import { readAggregates } from '../ledger/computed.ts';
import { firstPeriods } from '../ledger/deliveries.ts';
import { readDerived, readOwed } from '../ledger/derived.ts';
import { aliveRuns } from '../ledger/locks.ts';
import { databaseError } from '../ledger/errors.ts';
import { readDurations } from '../ledger/run-reader.ts';
import { lastPublished, newestDays } from '../ledger/versions.ts';
import type { DerivedStatus } from '../plan/board.ts';
import { derivedInOrder, type Derived } from '../plan/derived.ts';
import type { Aggregate, Dataset, Project, Rollup, View } from '../project/model.ts';
import {
  type Measurement,
  measureAggregate,
  measureDataset,
  measureRollup,
  measureView,
} from '../rollup/measure.ts';
import { type Chain, copyStatuses, readChain } from './chain.ts';
import { ageSeconds, ageVerdict, derivedStatuses, limitSeconds } from './derived-status.ts';
import { unknownName } from './plan-reader.ts';

export interface FreshnessQuery {
  client: Queryable;
  project: Project;
  /** Only these relations; all when absent. */
  names?: readonly string[];
  /** RFC 3339. */
  now: string;
}

/**
 * How far every raw table, rollup, view and aggregate reaches, measured from the data now. What cannot be measured stays in the
 * answer with the verdict 'unknown' and why.
 */
export async function readFreshness(query: FreshnessQuery): Promise<DerivedStatus[]> {
  const { project } = query;
  const datasets = project.datasets.filter((dataset) => dataset.off === undefined);
  const derived = derivedInOrder(project);
  const chain = await readChain(query.client, project, query.now);
  const copies = copyStatuses(project, chain, query.now);
  const known = [...copies, ...datasets, ...derived].map((each) => each.name);
  for (const name of query.names ?? [])
    if (!known.includes(name)) throw unknownName('dataset, rollup, view, aggregate or copy', name, known);
  const wanted = (name: string) =>
    query.names === undefined || query.names.length === 0 || query.names.includes(name);
  const published = await lastPublished(query.client, project.name);
  const tables = await Promise.all(
    datasets
      .filter(({ name }) => wanted(name))
      .map((dataset) => tableStatus(query, dataset, published.get(dataset.name))),
  );
  const statuses = await derivedNow(
    query,
    derived.filter(({ name }) => wanted(name)),
    chain,
  );
  return [...copies.filter(({ name }) => wanted(name)), ...tables, ...statuses];
}

async function tableStatus(
  { client, now }: FreshnessQuery,
  dataset: Dataset,
  published: string | undefined,
): Promise<DerivedStatus> {
  const base = {
    name: dataset.name,
    kind: 'table' as const,
    owed: [],
    reads: [],
    durations: [],
    ...(published === undefined ? {} : { refreshed: published }),
    ...limitSeconds(dataset.freshness),
  };
  try {
    const { rows, bytes, through } = await measureDataset(client, dataset);
    const age = through === undefined ? undefined : ageSeconds(through, dataset.timeZone, now);
    const verdict =
      dataset.freshness === undefined && age === undefined ? 'pass' : ageVerdict(age, dataset.freshness);
    const size = {
      rows,
      bytes,
      ...(through === undefined ? {} : { through }),
      ...(age === undefined ? {} : { ageSeconds: age }),
    };
    return { ...base, ...size, verdict, why: tableWhy(dataset, through, verdict) };
  } catch (thrown) {
    const error = databaseError(thrown, { dataset: dataset.name });
    return {
      ...base,
      verdict: 'unknown',
      why: `It could not be measured: ${error.message}`,
      error: error.toJSON(),
    };
  }
}

function tableWhy(dataset: Dataset, through: string | undefined, verdict: DerivedStatus['verdict']): string {
  if (through === undefined)
    return dataset.freshness === undefined ? 'Its rows carry no day, so no age is measured.' : 'It is empty.';
  if (verdict === 'pass') return `Holds data through ${through}.`;
  const hours = verdict === 'error' ? dataset.freshness?.errorHours : dataset.freshness?.warnHours;
  return `Its newest day, ${through}, is older than the limit of ${hours} h.`;
}

async function derivedNow(
  query: FreshnessQuery,
  wanted: readonly Derived[],
  chain: Chain,
): Promise<DerivedStatus[]> {
  const { client, project, now } = query;
  const alive = await aliveRuns(client, project.name);
  const [records, owed, aggregates, first, durations, reach] = await Promise.all([
    readDerived(client, project.name),
    readOwed(client, project.name),
    readAggregates(client, project.name, alive),
    firstPeriods(client, project),
    readDurations(client, project.name),
    newestDays(
      client,
      project.name,
      project.datasets.map((dataset) => dataset.name),
    ),
  ]);
  const measured = new Map<string, Measurement | Error>();
  await Promise.all(
    wanted.map(async (each) =>
      measured.set(each.name, await measureDerived(client, project, each).catch(databaseError)),
    ),
  );
  const derived = new Map(records);
  for (const [name, found] of measured) {
    const record = derived.get(name);
    if (record === undefined || found instanceof Error) continue;
    const { through: _, ...rest } = record;
    derived.set(name, {
      ...rest,
      rows: found.rows,
      ...(found.through === undefined ? {} : { through: found.through }),
    });
  }
  return derivedStatuses({
    project,
    derived,
    owed,
    aggregates,
    first,
    durations: durations.last,
    reach,
    now,
    chain,
  })
    .filter((status) => measured.has(status.name))
    .map((status) => withMeasurement(status, measured.get(status.name)));
}

function measureDerived(client: Queryable, project: Project, derived: Derived): Promise<Measurement> {
  switch (derived.kind) {
    case 'rollup':
      return measureRollup(client, project, derived.definition as Rollup);
    case 'view':
      return measureView(client, derived.definition as View);
    case 'aggregate':
      return measureAggregate(client, project, derived.definition as Aggregate);
  }
}

function withMeasurement(status: DerivedStatus, found: Measurement | Error | undefined): DerivedStatus {
  if (found === undefined) return status;
  if (!(found instanceof Error)) return { ...status, rows: found.rows, bytes: found.bytes };
  const error = databaseError(found);
  const why = status.refreshed === undefined ? status.why : `It could not be measured: ${error.message}`;
  // What is an error already is not better for that it cannot be measured.
  const verdict = status.refreshed === undefined && status.verdict === 'error' ? 'error' : 'unknown';
  return { ...status, verdict, why, error: error.toJSON() };
}
