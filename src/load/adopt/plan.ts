import type { ClientBase } from 'pg';
import { readAdoption, type AdoptionRecord } from '../../ledger/adoptions.ts';
import { relationState } from '../../ledger/relations.ts';
import { inTransaction, setForDataset } from '../../ledger/transaction.ts';
import { ADOPT_STEPS, type AdoptStep, type Obstacle, type TableAdoption } from '../../plan/adoption.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Dataset, Project } from '../../project/model.ts';
import { checkForeignTable } from '../publish/foreign-table.ts';
import { type Dependent, readDependents, withPlainNames } from './dependents.ts';
import { unfitColumns } from './fit.ts';
import { beforeName, newName } from './names.ts';
import { findObstacles, lossNotes, ourViews } from './obstacles.ts';
import { fullName, readOriginal, type Original } from './original.ts';
import { indexNames, takenNames } from './replacement.ts';
import { surveyRows, type Survey } from './survey.ts';

/** What was found out for a plan. */
export interface Findings {
  plan: TableAdoption;
  original: Original;
  record: AdoptionRecord | undefined;
  /** Only of a table whose adoption has not begun. */
  survey?: Survey;
}

/**
 * What adopting a dataset's table would do, from where it stands. Changes nothing; a table whose adoption has not
 * begun is read once as a whole, unless `reads` is false.
 *
 * Errors: 'adopt.nothing', 'adopt.own', 'adopt.no-partitions', 'relation.…' (all refused).
 */
export async function planTable(
  client: ClientBase,
  project: Project,
  dataset: Dataset,
  reads = true,
): Promise<Findings> {
  if (dataset.table.partitionBy === undefined) throw noPartitions(dataset);
  const record = await readAdoption(client, project.name, dataset.name);
  const begun = record !== undefined && record.state !== 'finished' ? record : undefined;
  const original = await findOriginal(client, project, dataset, begun);
  const dependents = await withPlainNames(client, () => readDependents(client, original.oid));
  const obstacles: Obstacle[] = [];
  let survey: Survey | undefined;
  if (begun === undefined) {
    await checkForeignTable(client, dataset);
    obstacles.push(...(await unfitColumns(client, dataset, original)));
    if (reads) survey = await readRows(client, dataset, original, obstacles);
  }
  if (begun?.state !== 'switched' && begun?.state !== 'returned')
    obstacles.push(...(await findObstacles(client, project, original, dependents, begun !== undefined)));
  const { rebuilt } = await ourViews(client, project, dependents);
  return {
    original,
    record: begun,
    ...(survey === undefined ? {} : { survey }),
    plan: {
      schema: 'dayboard.adoption/1',
      kind: 'dataset',
      name: dataset.name,
      relation: fullName(dataset.table),
      state: begun?.state ?? 'none',
      rows: survey === undefined ? original.rows : survey.days.reduce((sum, { rows }) => sum + rows, 0),
      bytes: original.bytes,
      owner: original.owner,
      original: fullName({ schema: original.schema, name: beforeName(dataset.table.name) }),
      steps: ADOPT_STEPS.map((step) => ({
        step,
        does: doesOf(step, dataset, survey),
        done: isDone(step, begun),
      })),
      views: dependents.filter(({ relkind }) => relkind === 'v').map(fullName),
      notes: begun?.state === 'switched' ? [] : await notesOf(client, dataset, original, rebuilt),
      obstacles,
    },
  };
}

async function notesOf(
  client: ClientBase,
  dataset: Dataset,
  original: Original,
  rebuilt: readonly Dependent[],
): Promise<string[]> {
  const indexes = indexNames(dataset).map(({ name }) => name);
  return [
    'The new table has one more column at its end, _delivery.',
    dataset.carries.kind === 'period'
      ? 'After the switch inserts by others fail, because they do not say which delivery a row is of.'
      : 'After the switch inserts by others go on for days that have a partition; such rows are older than every delivery.',
    ...rebuilt.map((view) => `${fullName(view)} is built anew by its next refresh, and owed until then.`),
    ...(await lossNotes(client, original, indexes)),
  ];
}

/** The rows, unless the columns are already in the way; partitions' and work tables' names must be free, too. */
async function readRows(
  client: ClientBase,
  dataset: Dataset,
  original: Original,
  obstacles: Obstacle[],
): Promise<Survey | undefined> {
  if (obstacles.length > 0) return undefined;
  const survey = await inTransaction(client, async () => {
    await setForDataset(client, dataset);
    return surveyRows(client, dataset, original);
  });
  obstacles.push(...survey.obstacles);
  const taken = await takenNames(
    client,
    original,
    survey.days.map(({ day }) => day),
    [newName(original.name), beforeName(original.name), ...indexNames(dataset).map(({ made }) => made)],
  );
  if (taken.length > 0)
    obstacles.push({
      what: `These names are taken in the schema ${original.schema}: ${taken.join(', ')}.`,
      next: 'Rename or drop what has them.',
    });
  return survey;
}

async function findOriginal(
  client: ClientBase,
  project: Project,
  dataset: Dataset,
  begun: AdoptionRecord | undefined,
): Promise<Original> {
  const { schema, name } = dataset.table;
  const switched = begun?.state === 'switched';
  const found = await readOriginal(client, { schema, name: switched ? beforeName(name) : name });
  if (begun !== undefined && found?.oid === begun.originalOid) return found;
  if (begun !== undefined && (begun.state !== 'switched' || found !== undefined)) throw replaced(dataset);
  if (begun !== undefined) {
    // Somebody dropped it after the switch: what is left to be done needs its name alone.
    const successor = await readOriginal(client, { schema, name });
    if (successor !== undefined) return { ...successor, name: beforeName(name) };
  }
  const state = await relationState(client, project.name, dataset.table);
  if (found === undefined) throw nothing(dataset);
  if (state.owner === 'ours') throw own(dataset);
  return found;
}

function isDone(step: AdoptStep, begun: AdoptionRecord | undefined): boolean {
  switch (step) {
    case 'prepare':
      return begun !== undefined;
    case 'copy':
      return begun?.state === 'copied' || begun?.state === 'switched';
    case 'switch':
      return begun?.state === 'switched';
    case 'finish':
      return false;
  }
}

function doesOf(step: AdoptStep, { table }: Dataset, survey: Survey | undefined): string {
  const { name } = table;
  switch (step) {
    case 'prepare':
      return `makes an empty partitioned table ${newName(name)} and, on ${name}, triggers that note what changes`;
    case 'copy': {
      const days = survey === undefined ? 'each day' : `${survey.days.length} days`;
      return `copies ${days} into partitions, with indexes, follows what changes meanwhile, and compares every row`;
    }
    case 'switch':
      return `gives the new table the name, owner, grants and comments, in one short transaction; ${name} becomes ${beforeName(name)}`;
    case 'finish':
      return `drops ${beforeName(name)}; until then --back restores it`;
  }
}

function noPartitions(dataset: Dataset): DayboardError {
  return new DayboardError({
    code: 'adopt.no-partitions',
    kind: 'refused',
    message: `The definition of ${dataset.name} has no partitionBy, so there is nothing to take it over into.`,
    facts: { dataset: dataset.name },
    next: 'Its table is filled in place. Name the column whose day decides the partition to have it partitioned.',
  });
}

function nothing(dataset: Dataset): DayboardError {
  return new DayboardError({
    code: 'adopt.nothing',
    kind: 'refused',
    message: `There is no table ${fullName(dataset.table)} to take over.`,
    facts: { dataset: dataset.name, relation: fullName(dataset.table) },
    next: 'The first sync makes it, partitioned.',
  });
}

function own(dataset: Dataset): DayboardError {
  return new DayboardError({
    code: 'adopt.own',
    kind: 'refused',
    message: `${fullName(dataset.table)} is dayboard's own table already: there is nothing to take over.`,
    facts: { dataset: dataset.name, relation: fullName(dataset.table) },
    next: 'Nothing needs to be done.',
  });
}

function replaced(dataset: Dataset): DayboardError {
  return new DayboardError({
    code: 'adopt.replaced',
    kind: 'refused',
    message: `The table that was being taken over for ${dataset.name} is gone, or another one has its name now. Nothing was changed.`,
    facts: { dataset: dataset.name, relation: fullName(dataset.table) },
    next: `Take back what was made: dayboard adopt ${dataset.name} --back`,
  });
}
