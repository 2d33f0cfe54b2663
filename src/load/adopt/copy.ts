import { markCopied, readParts, type AdoptionPart } from '../../ledger/adoptions.ts';
import { columns, ident, qualified } from '../../ledger/sql.ts';
import { inTransaction, setForDataset } from '../../ledger/transaction.ts';
import type { Dataset, Day } from '../../project/model.ts';
import { dayOfColumn } from '../days.ts';
import { dayStart } from '../publish/shape.ts';
import type { AdoptContext } from './context.ts';
import type { Original } from './original.ts';
import { addPartition } from './replacement.ts';
import { partitionColumn, type Survey } from './survey.ts';

/** Rows that are copied in one transaction, where an index finds the days and where the table is read for each part. */
const PART_ROWS = { indexed: 500_000, scanned: 5_000_000 };

/** The days in pieces of like size, as far as days go. Together they cover all of time: no row is in none. */
export function partsOf(
  dataset: Dataset,
  original: Original,
  days: Survey['days'],
  partRows?: number,
): Array<Pick<AdoptionPart, 'firstDay' | 'nextDay'>> {
  const most = partRows ?? (isIndexed(dataset, original) ? PART_ROWS.indexed : PART_ROWS.scanned);
  const starts: Day[] = [];
  let rows = 0;
  for (const [at, each] of days.entries()) {
    if (at > 0 && rows + each.rows > most) {
      starts.push(each.day);
      rows = 0;
    }
    rows += each.rows;
  }
  return ['-infinity', ...starts].map((firstDay, at) => ({ firstDay, nextDay: starts[at] ?? 'infinity' }));
}

function isIndexed(dataset: Dataset, original: Original): boolean {
  return original.indexes.some((index) => index.columns[0] === dataset.table.partitionBy);
}

/** The rows of a part, as a condition on the column that decides the partition. */
export function partRange(dataset: Dataset, { firstDay, nextDay }: AdoptionPart): string {
  const name = partitionColumn(dataset).name;
  const bounds = [
    ...(firstDay === '-infinity' ? [] : [`${ident(name)} >= ${dayStart(dataset, name, firstDay)}`]),
    ...(nextDay === 'infinity' ? [] : [`${ident(name)} < ${dayStart(dataset, name, nextDay)}`]),
  ];
  return bounds.length === 0 ? 'true' : bounds.join(' AND ');
}

/** Copies every part that is not copied yet, the newest days first. Each is a transaction: a killed copy goes on. */
export async function copyParts(context: AdoptContext): Promise<void> {
  const { client, project, dataset, progress } = context;
  const parts = await readParts(client, project.name, dataset.name);
  for (const [at, part] of parts.entries()) {
    if (part.copied) continue;
    context.signal.throwIfAborted();
    const { rows, first, last } = await copyPart(context, part);
    const days = first === undefined ? 'no days' : first === last ? first : `${first}..${last}`;
    progress({ step: 'copy', message: `${days}: ${rows} rows copied (${at + 1} of ${parts.length})` });
  }
}

async function copyPart(context: AdoptContext, part: AdoptionPart) {
  const { client, project, dataset, original, shape, names } = context;
  return inTransaction(client, async () => {
    // One snapshot for the whole part: it says which changes the copy has seen.
    await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await setForDataset(client, dataset);
    const days = await daysOf(context, part);
    let from = names.rows;
    if (!isIndexed(dataset, original) && days.length > 1) {
      from = { schema: 'dayboard_staging', name: names.net.name };
      await client.query(`DROP TABLE IF EXISTS ${qualified(from)}`);
      await client.query(
        `CREATE UNLOGGED TABLE ${qualified(from)} AS SELECT * FROM ${qualified(names.rows)} WHERE ${partRange(dataset, part)}`,
      );
      await client.query(`CREATE INDEX ON ${qualified(from)} (${columns([partitionColumn(dataset).name])})`);
      await client.query(`ANALYZE ${qualified(from)}`);
    }
    let rows = 0;
    for (const day of days) rows += await addPartition(client, shape, original, day, from);
    if (from !== names.rows) await client.query(`DROP TABLE ${qualified(from)}`);
    await markCopied(client, project.name, dataset.name, part, rows);
    return { rows, first: days[0], last: days.at(-1) };
  });
}

async function daysOf({ client, dataset, original }: AdoptContext, part: AdoptionPart): Promise<Day[]> {
  const day = dayOfColumn(partitionColumn(dataset), dataset.timeZone);
  const found = await client.query<{ day: Day }>(
    `SELECT DISTINCT ${day}::text AS day FROM ${qualified(original)} WHERE ${partRange(dataset, part)} AND ${ident(partitionColumn(dataset).name)} IS NOT NULL ORDER BY 1`,
  );
  return found.rows.map((row) => row.day);
}
