import { readAdoption, setAdoptionState, type AdoptionRecord } from '../../ledger/adoptions.ts';
import { databaseError, errorCode } from '../../ledger/errors.ts';
import { qualified } from '../../ledger/sql.ts';
import { inTransaction } from '../../ledger/transaction.ts';
import { ADOPT_STEPS, type AdoptStep, type TableAdoption } from '../../plan/adoption.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Dataset } from '../../project/model.ts';
import { ensureRawTable } from '../publish/raw-table.ts';
import { RAISED } from './apply.ts';
import { backFromCopy, backFromSwitch } from './back.ts';
import { catchUp } from './catch-up.ts';
import { compareRows } from './compare.ts';
import { type AdoptContext, type AdoptOptions, contextOf, createHelpers } from './context.ts';
import { copyParts } from './copy.ts';
import { settleDeliveries } from './deliveries.ts';
import { finish, forget } from './end.ts';
import { beforeName } from './names.ts';
import { columnsHash, fullName, readOriginal } from './original.ts';
import { planTable } from './plan.ts';
import { adoptionHash, prepare } from './prepare.ts';
import { refuse } from './refuse.ts';
import { switchTables } from './switch.ts';

/**
 * Takes a dataset's table over into partitions, from where it stands up to and including a step. What is done stays
 * done: a run that is killed or fails is run again and goes on.
 *
 * How nothing is lost while others write: triggers note whole rows that come and go, from before the first row is
 * copied. Each part of the days is copied in one snapshot, and of its notes those that this snapshot had seen are left
 * out; the rest is applied after the copy, and what came last within the transaction of the switch.
 *
 * Errors: 'adopt.…', 'relation.…', 'database.…'. The original is whole and in use, or the new table is.
 */
export async function adoptTable(options: AdoptOptions, through: AdoptStep): Promise<TableAdoption> {
  const { client, project, dataset } = options;
  try {
    const found = await planTable(client, project, dataset);
    if (found.plan.obstacles.length > 0) throw refuse(dataset.name, dataset.table, found.plan.obstacles);
    const context = contextOf(options, found.original);
    if (found.record?.state === 'returned') {
      await forget(context);
      return await adoptTable(options, through);
    }
    if (found.record !== undefined) requireUnchanged(context, found.record);
    let state = found.record?.state ?? 'none';
    if (state === 'none' && found.survey !== undefined) {
      await prepare(context, found.survey);
      state = 'copying';
    }
    const wants = (step: AdoptStep) => ADOPT_STEPS.indexOf(through) >= ADOPT_STEPS.indexOf(step);
    if ((state === 'copying' || state === 'copied') && wants('copy'))
      state = await copyAndSwitch(context, state, wants('switch'));
    if (state === 'switched' && wants('switch')) await ensureRawTable(client, project.name, dataset);
    if (state === 'switched' && wants('finish')) {
      await finish(context);
      return {
        ...found.plan,
        state: 'finished',
        steps: found.plan.steps.map((step) => ({ ...step, done: true })),
      };
    }
    return (await planTable(client, project, dataset, false)).plan;
  } catch (thrown) {
    throw errorCode(thrown) === RAISED.lost
      ? lost(dataset)
      : databaseError(thrown, { dataset: dataset.name });
  }
}

async function copyAndSwitch(
  context: AdoptContext,
  from: 'copying' | 'copied',
  wantsSwitch: boolean,
): Promise<'copied' | 'switched'> {
  const { client, project, dataset } = context;
  await inTransaction(client, () => createHelpers(context));
  let isCopied = from === 'copied';
  for (;;) {
    if (!isCopied) await copy(context);
    else await settleDeliveries(context);
    if (!wantsSwitch) return 'copied';
    if (await switchTables(context)) return 'switched';
    // The original was emptied: what was copied is of no use.
    context.progress({ step: 'copy', message: `${fullName(dataset.table)} was emptied; it is copied anew` });
    await setAdoptionState(client, project.name, dataset.name, 'copying');
    isCopied = false;
  }
}

async function copy(context: AdoptContext): Promise<void> {
  const { client, project, dataset, shape, progress } = context;
  do await copyParts(context);
  while ((await catchUp(context)) === 'emptied');
  await settleDeliveries(context);
  progress({ step: 'copy', message: 'measuring the new table for the planner' });
  await client.query(`ANALYZE ${(await analyzesAlone(client)) ? 'ONLY ' : ''}${qualified(shape.raw)}`);
  await compareRows(context);
  await setAdoptionState(client, project.name, dataset.name, 'copied');
}

/** Partitions were analysed when they were filled. Before PostgreSQL 18 a table cannot be without them. */
async function analyzesAlone(client: AdoptContext['client']): Promise<boolean> {
  const found = await client.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  return (found.rows[0]?.version ?? 0) >= 180_000;
}

/**
 * Takes an adoption back, from wherever it stands before its last step: the original is as it was, with what was
 * written to its successor since the switch.
 */
export async function takeBack(options: AdoptOptions): Promise<void> {
  const { client, project, dataset } = options;
  try {
    const record = await readAdoption(client, project.name, dataset.name);
    if (record === undefined || record.state === 'finished') throw nothingToTakeBack(dataset);
    const { schema, name } = dataset.table;
    const wanted = { schema, name: record.state === 'switched' ? beforeName(name) : name };
    const original = await readOriginal(client, wanted);
    const isThere = original !== undefined && original.oid === record.originalOid;
    if (!isThere && record.state === 'switched') throw originalGone(dataset);
    const context = contextOf(options, original ?? { ...wanted, ...NONE });
    if (record.state === 'switched') await backFromSwitch(context, record);
    else if (record.state === 'returned' || !isThere) await forget(context);
    else await backFromCopy(context);
  } catch (thrown) {
    throw databaseError(thrown, { dataset: dataset.name });
  }
}

/** A table that somebody dropped: what was made beside it can still be dropped. */
const NONE = {
  oid: '0',
  relkind: 'r',
  owner: '',
  isOurs: true,
  user: '',
  columns: [],
  indexes: [],
  rows: 0,
  bytes: 0,
};

function lost(dataset: Dataset): DayboardError {
  return new DayboardError({
    code: 'adopt.differs',
    message: `Rows went from ${fullName(dataset.table)} that its copy does not have. The original is as it was and stays in use.`,
    facts: { dataset: dataset.name },
    next: `Take it back with \`dayboard adopt ${dataset.name} --back\` and start again. If it happens twice, something changes the table without its triggers.`,
  });
}

function requireUnchanged({ dataset, original }: AdoptContext, record: AdoptionRecord): void {
  if (record.columnsHash === columnsHash(original) && record.definitionHash === adoptionHash(dataset)) return;
  const what = record.definitionHash === adoptionHash(dataset) ? fullName(original) : 'the definition';
  throw new DayboardError({
    code: 'adopt.changed',
    kind: 'refused',
    message: `The columns of ${what} have changed since the adoption of ${dataset.name} began. Nothing was changed now.`,
    facts: { dataset: dataset.name },
    next: `Take it back with \`dayboard adopt ${dataset.name} --back\` and start again.`,
  });
}

function originalGone(dataset: Dataset): DayboardError {
  return new DayboardError({
    code: 'adopt.replaced',
    kind: 'refused',
    message: `The original of ${fullName(dataset.table)} is gone, so there is no way back. Nothing was changed.`,
    facts: { dataset: dataset.name },
    next: `Go on with dayboard adopt ${dataset.name}.`,
  });
}

function nothingToTakeBack(dataset: Dataset): DayboardError {
  return new DayboardError({
    code: 'adopt.nothing-to-take-back',
    kind: 'refused',
    message: `No adoption of ${fullName(dataset.table)} is under way.`,
    facts: { dataset: dataset.name },
    next: 'After the last step the original is gone and there is no way back.',
  });
}
