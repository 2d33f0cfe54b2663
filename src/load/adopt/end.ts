import { deleteAdoption, setAdoptionState } from '../../ledger/adoptions.ts';
import { errorCode } from '../../ledger/errors.ts';
import { literal, qualified } from '../../ledger/sql.ts';
import { inTransaction } from '../../ledger/transaction.ts';
import { DayboardError } from '../../project/errors.ts';
import type { RelationName } from '../../project/model.ts';
import type { AdoptContext } from './context.ts';
import { beforeName } from './names.ts';
import { fullName } from './original.ts';

/** Drops the original and everything that the adoption made beside: from here on there is no way back. */
export async function finish(context: AdoptContext): Promise<void> {
  const { client, project, dataset, shape } = context;
  const { schema, name } = dataset.table;
  await inTransaction(client, async () => {
    await dropWork(context);
    await dropTable(context, { schema, name: beforeName(name) }, 'finish');
    await client.query(`DROP TABLE IF EXISTS ${qualified(shape.origin)}`);
    await client.query(`DELETE FROM dayboard.relation WHERE project = $1 AND relation = $2`, [
      project.name,
      fullName(shape.origin),
    ]);
    await client.query('DELETE FROM dayboard.adoption_part WHERE project = $1 AND dataset = $2', [
      project.name,
      dataset.name,
    ]);
    await setAdoptionState(client, project.name, dataset.name, 'finished');
  });
}

/** Drops the new table and everything else that the adoption made; the original is as it was. */
export async function forget(context: AdoptContext): Promise<void> {
  const { client, project, dataset, shape } = context;
  await inTransaction(client, async () => {
    await dropWork(context);
    await dropTable(context, shape.raw, 'back');
    await deleteAdoption(client, project.name, dataset.name);
  });
}

async function dropWork({ client, names }: AdoptContext): Promise<void> {
  await client.query(`DROP VIEW IF EXISTS ${qualified(names.rows)}`);
  await client.query(`DROP FUNCTION IF EXISTS ${qualified(names.apply)}(bigint)`);
  await client.query(`DROP FUNCTION IF EXISTS ${qualified(names.capture)}()`);
  await client.query(`DROP TABLE IF EXISTS ${qualified(names.net)}, ${qualified(names.log)}`);
}

async function dropTable(
  { client, dataset }: AdoptContext,
  table: RelationName,
  step: 'finish' | 'back',
): Promise<void> {
  try {
    await client.query(`DROP TABLE IF EXISTS ${qualified(table)}`);
  } catch (thrown) {
    if (errorCode(thrown) !== '2BP01') throw thrown;
    const detail = (thrown as { detail?: unknown }).detail;
    const again = step === 'finish' ? ' --step finish' : ' --back';
    throw new DayboardError({
      code: 'adopt.depended-on',
      kind: 'refused',
      message: `${fullName(table)} is no longer used by its name, and cannot be dropped because something still reads it: ${String(detail).replaceAll('\n', '; ')}. Everything else is done.`,
      facts: { dataset: dataset.name, relation: fullName(table) },
      next: `Let dayboard rebuild its own views (dayboard refresh --owed), drop the others, and run: dayboard adopt ${dataset.name}${again}`,
      cause: thrown,
    });
  }
}

/** Statements that take a relation out of the ledger, for those that are sent together. */
export function forgetRelationSql(project: string, relation: RelationName): string {
  return `DELETE FROM dayboard.relation WHERE project = ${literal(project)} AND relation = ${literal(fullName(relation))}`;
}
