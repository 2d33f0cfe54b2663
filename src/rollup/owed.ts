import type { ClientBase } from 'pg';
import { owe } from '../ledger/derived.ts';
import { setForDataset } from '../ledger/transaction.ts';
import { Temporal } from 'temporal-polyfill';
import type { Project, Rollup } from '../project/model.ts';
import { firstDay, periodOf } from '../project/period.ts';
import { bucketsOfRows } from './buckets.ts';
import type { RowChange } from './delta.ts';
import { rollupShape, rollupsOver } from './shape.ts';

/** Notes the buckets that a change of rows touches as owed, in the rollups over a dataset and in those over them. */
export async function oweTouched(
  client: ClientBase,
  project: Project,
  over: string,
  change: RowChange,
  why: string,
): Promise<void> {
  for (const rollup of rollupsOver(project, over)) {
    const buckets = await touchedBuckets(client, project, rollup, change);
    await oweDown(client, project, rollup, buckets, why);
  }
}

async function oweDown(
  client: ClientBase,
  project: Project,
  rollup: Rollup,
  buckets: readonly string[],
  why: string,
): Promise<void> {
  await owe(client, project.name, rollup.name, buckets, why);
  for (const child of rollupsOver(project, rollup.name)) {
    const wider = new Set(
      buckets.map((day) =>
        day === '' ? '' : firstDay(periodOf(Temporal.PlainDate.from(day), child.bucket.unit)).toString(),
      ),
    );
    await oweDown(client, project, child, [...wider], why);
  }
}

async function touchedBuckets(
  client: ClientBase,
  project: Project,
  rollup: Rollup,
  { added, removed, day }: RowChange,
): Promise<string[]> {
  const shape = rollupShape(project, rollup);
  await setForDataset(client, rollup);
  const [came, went] = [
    await bucketsOfRows({ client, project }, shape, added, day),
    await bucketsOfRows({ client, project }, shape, removed, day),
  ];
  return [...new Set([...came, ...went])];
}
