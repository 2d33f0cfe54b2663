import type { ClientBase } from 'pg';
import { columns as columnList, qualified } from '../ledger/sql.ts';
import { inTransaction, setForDataset } from '../ledger/transaction.ts';
import type { Dataset, Period, RelationName } from '../project/model.ts';
import { countsDiffer } from '../source/postgres-errors.ts';
import type { RowStream } from '../source/source.ts';
import { personalColumns } from '../project/mask.ts';
import { copyIn } from './copy.ts';
import { explainLoadError } from './explain.ts';
import type { Staged } from './prepared.ts';
import { createStaging } from './staging.ts';
import { stagingName } from './staging-name.ts';

export interface RowStagingOptions {
  /** A connection of its own, outside a transaction. The rows come over another one. */
  client: ClientBase;
  dataset: Dataset;
  period: Period;
  /** The run's number: part of the staging table's name. */
  run: string;
  /** Undefined when the source has nothing: the staging table is then empty. */
  rows: RowStream | undefined;
  signal: AbortSignal;
  /** Called for each piece with the bytes copied so far. */
  onProgress?: (progress: { bytes: number }) => void;
}

/**
 * Copies the rows of a delivery from the connection that reads them into an unlogged table of `dayboard_staging`, as
 * they arrive, in constant memory. One transaction: when it fails, nothing stays. NULL and the empty text stay apart.
 *
 * Errors: 'load.count' when the rows that the source announced, those that it sent and those that arrived are not the
 * same number; those of explainLoadError and of the source.
 */
export async function loadRows(options: RowStagingOptions): Promise<Staged> {
  const { client, dataset, period, rows, signal } = options;
  const relation = stagingName(dataset.name, period, options.run);
  try {
    signal.throwIfAborted();
    return await inTransaction(client, async () => {
      await setForDataset(client, dataset);
      await client.query(`DROP TABLE IF EXISTS ${qualified(relation)}`);
      await client.query(createStaging(dataset, relation));
      return rows === undefined ? { relation, rows: 0, bytes: 0 } : copyRows(options, rows, relation);
    });
  } catch (thrown) {
    const context = {
      dataset: dataset.name,
      period,
      object: rows?.object.key,
      relation: relation.name,
      columns: dataset.file.map(({ column }) => column),
      personal: personalColumns(dataset),
    };
    throw explainLoadError(thrown, context, signal);
  } finally {
    rows?.close();
  }
}

async function copyRows(
  { client, dataset, period, signal, onProgress }: RowStagingOptions,
  rows: RowStream,
  relation: RelationName,
): Promise<Staged> {
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Buffer, void> {
    for await (const chunk of rows.chunks) {
      bytes += chunk.length;
      onProgress?.({ bytes });
      yield chunk;
    }
  };
  const names = columnList(dataset.file.map(({ column }) => column));
  const sql = `COPY ${qualified(relation)} (${names}) FROM STDIN WITH (FORMAT text, FREEZE true, ENCODING 'UTF8')`;
  const staged = await copyIn({ client, sql, chunks: counted(), close: () => rows.close(), signal });
  const copied = rows.copied();
  if (rows.rows !== copied || copied !== staged)
    throw countsDiffer(dataset, period, { announced: rows.rows, copied, staged });
  return { relation, rows: staged, bytes };
}
