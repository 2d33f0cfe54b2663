import { readParts, type AdoptionRecord } from '../../ledger/adoptions.ts';
import { ident, literal, qualified } from '../../ledger/sql.ts';
import { setForDataset, setLockTimeout } from '../../ledger/transaction.ts';
import type { Day, RelationName } from '../../project/model.ts';
import { dayRange } from '../publish/shape.ts';
import { briefly, type Held, patienceOf, untilFree } from './brief.ts';
import { dropTriggersSql } from './capture.ts';
import { differentDays } from './compare.ts';
import type { AdoptContext } from './context.ts';
import { readDependents } from './dependents.ts';
import { writeOrigins } from './deliveries.ts';
import { forget, forgetRelationSql } from './end.ts';
import { beforeName } from './names.ts';
import { ourViews } from './obstacles.ts';
import { refuse } from './refuse.ts';
import { indexNames, originalColumns } from './replacement.ts';
import { partitionColumn } from './survey.ts';
import { rebuildSql } from './views.ts';

/** Writers of the table are not kept waiting for longer than this while readers are waited for, in milliseconds. */
const WRITERS_WAIT = 15_000;

/** Takes an adoption back that has not switched: the original loses its triggers, and the copy is dropped. */
export async function backFromCopy(context: AdoptContext): Promise<void> {
  const { original } = context;
  await briefly({
    ...patienceOf(context, 'back'),
    held: [original],
    statements: dropTriggersSql(qualified(original)),
  });
  await forget(context);
}

/**
 * Puts the original back in its place, with its name, oid, indexes, owner and grants. Days that were changed since the
 * switch are brought into it first, so that nothing that was written or published is lost. Writers wait for that,
 * readers only for the moment of the renaming.
 *
 * @param context with the original under its name of after the switch
 */
export async function backFromSwitch(context: AdoptContext, record: AdoptionRecord): Promise<void> {
  const { client, dataset, progress } = context;
  const { schema, name } = dataset.table;
  const known: RelationName = { schema, name };
  await untilFree(patienceOf(context, 'back'), [known], ['55P03', '40P01'], async () => {
    await client.query('BEGIN');
    try {
      await setForDataset(client, dataset);
      await setLockTimeout(client);
      await client.query(`LOCK TABLE ${qualified(known)} IN SHARE ROW EXCLUSIVE MODE`);
      const days = await bringBack(context, known);
      if (days.length > 0)
        progress({
          step: 'back',
          message: `brought into the original what changed since: ${days.join(', ')}`,
        });
      await writeOrigins(context, qualified(known));
      // Ends the transaction, so that readers do not wait for one more message.
      await briefly({
        ...patienceOf(context, 'back'),
        patience: Math.min(context.patience ?? WRITERS_WAIT, WRITERS_WAIT),
        isOpen: true,
        ...(await backSql(context, record, known)),
      });
    } catch (thrown) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw thrown;
    }
  });
  await forget(context);
}

/** Makes the original's rows what the new table's are, day by day where they are not the same. */
async function bringBack(context: AdoptContext, known: RelationName): Promise<Day[]> {
  const { client, project, dataset, original, shape } = context;
  const column = partitionColumn(dataset).name;
  const changed: Day[] = [];
  for (const part of await readParts(client, project.name, dataset.name))
    changed.push(...(await differentDays(context, part, { there: original, here: known })));
  const list = originalColumns(shape);
  for (const day of changed) {
    const range = dayRange(dataset, column, day, day);
    await client.query(`DELETE FROM ${qualified(original)} WHERE ${range}`);
    await client.query(
      `INSERT INTO ${qualified(original)} (${list}) SELECT ${list} FROM ${qualified(known)} WHERE ${range}`,
    );
  }
  return changed;
}

async function backSql(
  context: AdoptContext,
  record: AdoptionRecord,
  known: RelationName,
): Promise<{ held: Held[]; statements: string[] }> {
  const { client, project, dataset, original, shape } = context;
  await client.query('SAVEPOINT names; SET LOCAL search_path = pg_catalog');
  const dependents = await readDependents(client, record.replacementOid);
  await client.query('ROLLBACK TO SAVEPOINT names');
  const { rebuilt, obstacles } = await ourViews(client, project, dependents);
  if (obstacles.length > 0) throw refuse(dataset.name, known, obstacles);
  const views = dependents.filter(({ relkind }) => relkind === 'v');
  const inSchema = (name: string) => qualified({ schema: known.schema, name });
  return {
    held: [...views, { ...known, owner: original.owner }],
    statements: [
      'SET LOCAL search_path = pg_catalog',
      `ALTER TABLE ${qualified(known)} RENAME TO ${ident(shape.raw.name)}`,
      ...indexNames(dataset).map(
        ({ made, name }) => `ALTER INDEX ${inSchema(name)} RENAME TO ${ident(made)}`,
      ),
      `ALTER TABLE ${inSchema(beforeName(known.name))} RENAME TO ${ident(known.name)}`,
      ...record.renamed.map(({ from, to }) => `ALTER INDEX ${inSchema(to)} RENAME TO ${ident(from)}`),
      ...views.map(({ rebind }) => rebind),
      forgetRelationSql(project.name, known),
      ...rebuildSql(project.name, rebuilt),
      `UPDATE dayboard.adoption SET state = 'returned' WHERE project = ${literal(project.name)} AND dataset = ${literal(dataset.name)}`,
    ],
  };
}
