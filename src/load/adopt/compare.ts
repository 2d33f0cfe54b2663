import { readParts, type AdoptionPart } from '../../ledger/adoptions.ts';
import { ident, literal, qualified } from '../../ledger/sql.ts';
import { inTransaction, setForDataset } from '../../ledger/transaction.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Day, RelationName } from '../../project/model.ts';
import { dayOfColumn } from '../days.ts';
import { comparable } from './apply.ts';
import { LOG } from './capture.ts';
import type { AdoptContext } from './context.ts';
import { partRange } from './copy.ts';
import { fullName } from './original.ts';
import { partitionColumn } from './survey.ts';

interface DayDifference {
  day: Day;
  there: string;
  here: string;
}

/**
 * Compares the original with the new table day by day: how many rows, and what is in them (the sum of a 64 bit hash of
 * each row). What writers changed and is not applied yet counts as applied. Each part is looked at in one snapshot.
 * 'adopt.differs' when a day is not the same.
 */
export async function compareRows(context: AdoptContext): Promise<void> {
  const { client, project, dataset, original, progress } = context;
  const parts = await readParts(client, project.name, dataset.name);
  await requireDays(context);
  const differences: DayDifference[] = [];
  let rows = 0;
  for (const part of parts) {
    context.signal.throwIfAborted();
    const compared = await inTransaction(client, async () => {
      await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      await setForDataset(client, dataset);
      return comparePart(context, part);
    });
    differences.unshift(...compared.differences);
    rows += compared.rows;
  }
  if (differences.length > 0) throw differs(context, differences);
  progress({
    step: 'compare',
    message: `${rows} rows are the same in ${fullName(original)} and in the new table, day by day`,
  });
}

async function comparePart(context: AdoptContext, part: AdoptionPart) {
  const { dataset, original, shape, names, project } = context;
  const sign = ident(LOG.sign);
  const seen = `EXISTS (SELECT FROM dayboard.adoption_part part WHERE part.project = ${literal(project.name)} AND part.dataset = ${literal(dataset.name)}
                           AND part.first_day = ${literal(part.firstDay)} AND pg_visible_in_snapshot(change.${ident(LOG.xid)}, part.seen))`;
  const pending = `SELECT ${dayOf(context)}, sum(${sign}), sum(${sign} * ${hashOf(context)}::numeric) FROM ${qualified(names.log)} change
                    WHERE ${partRange(dataset, part)} AND ${sign} <> 0 AND NOT ${seen} GROUP BY 1`;
  const days = await compareDays(
    context,
    part,
    { there: original, here: shape.raw },
    ` UNION ALL ${pending}`,
  );
  return {
    rows: days.reduce((sum, row) => sum + Number(row.there), 0),
    differences: days.filter((row) => !row.same),
  };
}

/** Days of a part on which two tables of the same columns do not hold the same rows. */
export async function differentDays(
  context: AdoptContext,
  part: AdoptionPart,
  tables: { there: RelationName; here: RelationName },
): Promise<Day[]> {
  const days = await compareDays(context, part, tables, '');
  return days.filter((row) => !row.same).map((row) => row.day);
}

async function compareDays(
  context: AdoptContext,
  part: AdoptionPart,
  { there, here }: { there: RelationName; here: RelationName },
  pending: string,
): Promise<Array<DayDifference & { same: boolean }>> {
  const rows = (table: RelationName) =>
    `SELECT ${dayOf(context)} AS day, count(*) AS n, sum(${hashOf(context)}) AS h FROM ${qualified(table)} WHERE ${partRange(context.dataset, part)} GROUP BY 1`;
  const found = await context.client.query<DayDifference & { same: boolean }>(
    `WITH there AS (${rows(there)}),
          here AS (SELECT day, sum(n) AS n, sum(h) AS h FROM (${rows(here)}${pending}) counted GROUP BY day)
     SELECT coalesce(there.day, here.day)::text AS day, coalesce(there.n, 0) AS there, coalesce(here.n, 0) AS here,
            coalesce(there.n, 0) = coalesce(here.n, 0) AND coalesce(there.h, 0) = coalesce(here.h, 0) AS same
       FROM there FULL JOIN here ON there.day = here.day ORDER BY 1`,
  );
  return found.rows;
}

function dayOf({ dataset }: AdoptContext): string {
  return dayOfColumn(partitionColumn(dataset), dataset.timeZone);
}

/** 64 bits of everything in a row. Their sum (numeric, so it cannot overflow) tells rows whatever their order. */
function hashOf({ original }: AdoptContext): string {
  const values = original.columns.map(({ name, type }) => comparable(name, type));
  return `hash_record_extended(ROW(${values.join(', ')}), 0)`;
}

/** A row without a day has no partition. Such rows may have come since they were counted. */
async function requireDays({ client, dataset, original }: AdoptContext): Promise<void> {
  const { name } = partitionColumn(dataset);
  if (original.columns.some((column) => column.name === name && column.required)) return;
  const found = await client.query(`SELECT FROM ${qualified(original)} WHERE ${ident(name)} IS NULL LIMIT 1`);
  if (found.rowCount === 0) return;
  throw new DayboardError({
    code: 'adopt.rows',
    kind: 'refused',
    message: `Rows without ${name} came into ${fullName(original)} while it was copied. It is as it was, and the copy is not used.`,
    facts: { dataset: dataset.name, column: name },
    next: 'Fill or delete them, and run it again: it goes on where it is.',
  });
}

function differs({ dataset, original }: AdoptContext, days: readonly DayDifference[]): DayboardError {
  const first = days
    .slice(0, 3)
    .map(({ day, there, here }) => `${day} (${there} rows there, ${here} in the new table)`);
  return new DayboardError({
    code: 'adopt.differs',
    message: `The copy of ${fullName(original)} is not the same on ${days.length} ${days.length === 1 ? 'day' : 'days'}: ${first.join(', ')}. The original is as it was and stays in use.`,
    facts: { dataset: dataset.name, days: days.length },
    next: `Take it back with \`dayboard adopt ${dataset.name} --back\` and start again. If it happens twice, something changes the table without its triggers, for example session_replication_role or a changed trigger.`,
  });
}
