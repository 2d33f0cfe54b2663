import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Day } from '../../src/project/model.ts';
import { addPeriods } from '../../src/project/period.ts';
import { type Bench, createDatabase, withClient } from './bench.ts';
import { bareCopy } from './floor.ts';
import type { Population } from './population.ts';
import { median, round } from './result.ts';
import { visitsSql, writeDelivery } from './visits.ts';
import { DATASET, openWorkspace, runPeriods, type TimedRun, visitsProject } from './visits-project.ts';

const REPEATS = 3;

export interface LoadAlone {
  /** COPY of a day's file into a bare unlogged table. */
  floorSeconds: number;
  /** Staged, computed, published and visible, without rollups. */
  loadAndPublishSeconds: number;
  timesFloor: number;
  clientCpuSeconds: number;
  runs: TimedRun[];
}

/** Load and publish of new days without rollups, each beside the floor: the medians of some days. */
export async function loadAlone(bench: Bench, population: Population, last: Day): Promise<LoadAlone> {
  const folder = join(bench.folder, 'alone');
  await mkdir(folder);
  await createDatabase(bench, 'alone');
  const workspace = await openWorkspace(bench, 'alone', visitsProject(folder, { rollups: false }));
  const floors: number[] = [];
  const runs: TimedRun[] = [];
  try {
    for (let back = REPEATS - 1; back >= 0; back -= 1) {
      const period = addPeriods(last, -back);
      const file = join(folder, `${DATASET}_${period}.csv`);
      await withClient(bench.postgres, 'bench', (client) =>
        writeDelivery(client, visitsSql(population, population.days - 1 - back), file),
      );
      await withClient(bench.postgres, 'alone', async (client) => {
        floors.push((await bareCopy(client, file)).seconds);
      });
      runs.push(await runPeriods(workspace, 'import', [period]));
    }
  } finally {
    await workspace.close();
  }
  const floorSeconds = round(median(floors));
  const loadAndPublishSeconds = round(
    median(runs.map(({ steps }) => (steps['load'] ?? 0) + (steps['publish'] ?? 0))),
  );
  return {
    floorSeconds,
    loadAndPublishSeconds,
    timesFloor: round(loadAndPublishSeconds / floorSeconds),
    clientCpuSeconds: median(runs.map((run) => run.clientCpuSeconds)),
    runs,
  };
}
