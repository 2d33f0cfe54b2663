import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateDelivery, usersForVisits } from '../../src/demo/data/deliveries.ts';
import { addPeriods, periodRange } from '../../src/project/period.ts';
import { type Bench, createDatabase, withClient } from './bench.ts';
import { bareCopy } from './floor.ts';
import { describeMachine, keepResult, median, round } from './result.ts';
import { DATASET, openWorkspace, runPeriods, visitsProject } from './visits-project.ts';

const REPEATS = 3;

/** One day of visits through dayboard, new and again, beside the floor: the same file copied into a bare table. */
export async function day(bench: Bench, { quick }: { quick: boolean }): Promise<void> {
  const [wanted, history] = quick ? [20_000, 3] : [200_000, 10];
  const today = new Date();
  // The last Tuesday but today: an ordinary working day, whenever it is run.
  const last = addPeriods(today.toISOString().slice(0, 10), -1 - ((today.getUTCDay() + 4) % 7));
  const deliveries = join(bench.folder, 'deliveries');
  await mkdir(deliveries);
  const users = usersForVisits(wanted);
  const fileOf = (period: string) => join(deliveries, `${DATASET}_${period}.csv`);
  const periods = periodRange(addPeriods(last, 1 - history), last);
  for (const period of periods)
    await writeFile(fileOf(period), generateDelivery(DATASET, period, { users, windowDays: 1 }));
  const floors: number[] = [];
  let rows = 0;
  await withClient(bench.postgres, 'postgres', async (client) => {
    for (let repeat = 0; repeat < REPEATS; repeat += 1) {
      const copied = await bareCopy(client, fileOf(last));
      floors.push(copied.seconds);
      rows = copied.rows;
    }
  });
  await createDatabase(bench, 'bench');
  const workspace = await openWorkspace(bench, 'bench', visitsProject(deliveries, { rollups: true }));
  try {
    await runPeriods(workspace, 'sync', periods.slice(0, -1));
    const first = await runPeriods(workspace, 'sync', [last]);
    const again = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1)
      again.push((await runPeriods(workspace, 'sync', [last], ['all'])).seconds);
    const floor = median(floors);
    const reload = median(again);
    await keepResult(`day${quick ? '-quick' : ''}`, {
      benchmark: 'day',
      ...(await describeMachine(bench)),
      rows,
      historyDays: history,
      floorSeconds: round(floor),
      firstLoad: { ...first, timesFloor: round(first.seconds / floor) },
      reloadUnchanged: { seconds: reload, timesFloor: round(reload / floor) },
    });
  } finally {
    await workspace.close();
  }
}
