import type { ClientBase } from 'pg';
import type { Actor } from '../../ledger/actor.ts';
import { columns, ident, qualified } from '../../ledger/sql.ts';
import { newestPublished } from '../../ledger/versions.ts';
import type { AdoptProgress } from '../../plan/adoption.ts';
import type { Dataset, Project } from '../../project/model.ts';
import { DELIVERY } from '../../ledger/delivery-column.ts';
import { type RawShape } from '../publish/shape.ts';
import { createApply } from './apply.ts';
import { deliveryOf, originJoin } from './delivery.ts';
import { workNames, type WorkNames } from './names.ts';
import type { Original } from './original.ts';
import { replacementShape } from './replacement.ts';

export interface AdoptOptions {
  /** A connection of its own, outside a transaction, that holds the dataset's table lock. */
  client: ClientBase;
  project: Project;
  dataset: Dataset;
  actor: Actor;
  signal: AbortSignal;
  progress: (progress: AdoptProgress) => void;
  /** For how long a moment is looked for in which nobody uses the table, in milliseconds. */
  patience?: number;
  /** How many rows are copied in one transaction, as far as days allow; by default what suits the table's indexes. */
  partRows?: number;
}

/** An adoption at work. */
export interface AdoptContext extends AdoptOptions {
  /** The original as it is now. */
  original: Original;
  /** The new table, under its name of before the switch. */
  shape: RawShape;
  names: WorkNames;
}

export function contextOf(options: AdoptOptions, original: Original): AdoptContext {
  return {
    ...options,
    original,
    shape: replacementShape(options.project.name, options.dataset, original),
    names: workNames(options.project.name, options.dataset),
  };
}

/** What depends on how deliveries stand now: made anew by each run, in the caller's transaction. */
export async function createHelpers(context: AdoptContext): Promise<void> {
  const { client, project, dataset, names, shape, original } = context;
  const newest = await newestPublished(client, project.name, dataset.name, '');
  await client.query(
    `CREATE OR REPLACE VIEW ${qualified(names.rows)} AS
     SELECT ${columns(shape.columns, 'r')}, ${deliveryOf(dataset, newest)} AS ${ident(DELIVERY)} FROM ${qualified(original)} r${originJoin(shape)}`,
  );
  await createApply(client, project.name, names, shape, original, newest);
}
