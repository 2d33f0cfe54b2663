import type { Queryable } from '../ledger/client.ts';
import { readAggregates } from '../ledger/computed.ts';
import { readChecks, readDerived, readOwed } from '../ledger/derived.ts';
import { firstPeriods, readDeliveries, readListing } from '../ledger/deliveries.ts';
import { newestDays } from '../ledger/versions.ts';
import { aliveRuns } from '../ledger/locks.ts';
import { readDurations, readRuns } from '../ledger/run-reader.ts';
import type { Board, BoardRow } from '../plan/board.ts';
import { cellOf } from '../plan/cell-state.ts';
import { deliveryKey, type DeliveryFacts } from '../plan/facts.ts';
import { durationKey } from '../plan/make.ts';
import { nextStart } from '../plan/schedule.ts';
import type { Dataset, Period, Project } from '../project/model.ts';
import { boardPeriods, deliveryRange, type BoardRange } from './ranges.ts';
import { aggregateRows } from './aggregate-rows.ts';
import { readChain } from './chain.ts';
import { derivedStatuses } from './derived-status.ts';

export interface BoardQuery {
  client: Queryable;
  project: Project;
  context: string;
  range: BoardRange;
  /** RFC 3339. */
  now: string;
  rulesHashes: ReadonlyMap<string, string>;
  /** Bytes of raw tables, by dataset. */
  sizes: Promise<ReadonlyMap<string, number>>;
}

/** How many runs the board tells of. */
const RECENT_RUNS = 20;

/** The board from the ledger alone: no source is asked and no user table is read. */
export async function readBoard(query: BoardQuery): Promise<Board> {
  const { client, project, now } = query;
  const names = project.datasets.map((dataset) => dataset.name);
  const periods = periodsByDataset(project.datasets, query.range, now);
  const ranges = [...periods].flatMap(([dataset, each]) => deliveryRange(dataset, each));
  const alive = await aliveRuns(client, project.name);
  const [
    deliveries,
    first,
    listing,
    durations,
    derived,
    owed,
    aggregates,
    reach,
    checks,
    runs,
    chain,
    sizes,
  ] = await Promise.all([
    readDeliveries(client, project.name, ranges, alive),
    firstPeriods(client, project),
    readListing(client, project.name),
    readDurations(client, project.name),
    readDerived(client, project.name),
    readOwed(client, project.name),
    readAggregates(client, project.name, alive),
    newestDays(client, project.name, names),
    readChecks(
      client,
      project.name,
      project.checks.map((check) => check.name),
    ),
    // However many have begun since: what is in flight is never left out.
    readRuns(client, project.name, RECENT_RUNS, alive, alive),
    readChain(client, project, now),
    query.sizes,
  ]);
  const facts = { project, derived, owed, aggregates, first, durations: durations.last, reach, now, chain };
  return {
    project: project.name,
    context: query.context,
    asOf: now,
    ...(listing.listedAt === undefined ? {} : { listedAt: listing.listedAt }),
    ...(listing.error === undefined ? {} : { listingError: listing.error }),
    rows: [
      ...project.datasets.map((dataset) =>
        withSize(
          rowOf(dataset, periods.get(dataset.name) ?? [], deliveries, first, durations.medians, query),
          sizes.get(dataset.name),
        ),
      ),
      ...aggregateRows(facts, query.range),
    ],
    derived: derivedStatuses(facts),
    checks,
    runs,
    nextScheduled: nextStart(project.schedule, now),
  };
}

function withSize(row: BoardRow, bytes: number | undefined): BoardRow {
  return bytes === undefined ? row : { ...row, bytes };
}

/** Datasets with periods of one unit in one time zone share their list. */
function periodsByDataset(
  datasets: readonly Dataset[],
  range: BoardRange,
  now: string,
): Map<string, Period[]> {
  const known = new Map<string, Period[]>();
  return new Map(
    datasets.map((dataset) => {
      const key = `${dataset.period} ${dataset.timeZone}`;
      const periods = known.get(key) ?? boardPeriods(dataset, range, now);
      known.set(key, periods);
      return [dataset.name, periods];
    }),
  );
}

function rowOf(
  dataset: Dataset,
  periods: readonly Period[],
  deliveries: ReadonlyMap<string, DeliveryFacts>,
  first: ReadonlyMap<string, Period>,
  medians: ReadonlyMap<string, number>,
  query: BoardQuery,
): BoardRow {
  // Of a dataset of which nothing is known yet only the newest delivery is waited for.
  const knownSince = first.get(dataset.name) ?? periods.at(-2);
  const context = { now: query.now, rulesHash: query.rulesHashes.get(dataset.name) ?? '', knownSince };
  const median = importMedian(medians, dataset);
  return {
    dataset: dataset.name,
    relation: `${dataset.table.schema}.${dataset.table.name}`,
    unit: dataset.period,
    ...(dataset.off === undefined ? {} : { off: dataset.off }),
    ...(median === undefined ? {} : { medianSeconds: median }),
    cells: periods.map((period) =>
      cellOf(
        dataset,
        deliveries.get(deliveryKey(dataset.name, period)) ?? { dataset: dataset.name, period },
        context,
      ),
    ),
  };
}

function importMedian(medians: ReadonlyMap<string, number>, { name, select }: Dataset): number | undefined {
  // Rows of a database are read while they are loaded.
  const kinds =
    select === undefined ? (['fetch', 'load', 'publish'] as const) : (['load', 'publish'] as const);
  const parts = kinds.map((kind) => medians.get(durationKey(kind, name)));
  if (parts.some((part) => part === undefined)) return undefined;
  return parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
}
