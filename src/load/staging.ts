import type { Readable } from 'node:stream';
import type { ClientBase } from 'pg';
import { columns as columnList, ident, literal, qualified } from '../ledger/sql.ts';
import { DayboardError } from '../project/errors.ts';
import type { Column, Dataset, Period, RelationName } from '../project/model.ts';
import { personalColumns } from '../project/mask.ts';
import { copyIn } from './copy.ts';
import { archiveFault, decompress } from './decompress.ts';
import { END_MARKER_IS_DATA_SINCE, refuseEndMarker } from './end-marker.ts';
import { explainLoadError } from './explain.ts';
import { checkHeader } from './header.ts';
import type { Staged } from './prepared.ts';
import { stagingName } from './staging-name.ts';
import { inTransaction, setForDataset } from '../ledger/transaction.ts';

export interface StagingOptions {
  /** A connection of its own, outside a transaction. */
  client: ClientBase;
  dataset: Dataset;
  period: Period;
  /** The run's number: part of the staging table's name. */
  run: string;
  /** Opens the object's bytes from the beginning; may be called again while an earlier reader is still open. */
  open: () => Promise<Readable>;
  /** The object's key or file name: its ending tells what to expect, errors name it. */
  objectName: string;
  signal: AbortSignal;
  /**
   * Called for each piece with the bytes copied so far, after decompression, and those of the object that were read
   * for them; at the end with the rows.
   */
  onProgress?: (progress: { bytes: number; read: number; rows?: number }) => void;
  /** A file without any bytes has no rows, and a guard judges it; otherwise it is 'load.empty'. */
  mayBeEmpty?: boolean;
}

/**
 * Copies a delivery's file as it is into an unlogged table of `dayboard_staging`: decompressed, with its header checked,
 * as the bytes arrive, in constant memory. Timestamps without an offset are in the dataset's time zone, whatever the
 * session says. One transaction: when it fails, nothing stays.
 *
 * Errors: those of decompress, checkHeader, refuseEndMarker and explainLoadError, and the source's own, each with
 * dataset, period and object among its facts.
 */
export async function loadStaging(options: StagingOptions): Promise<Staged> {
  const { client, dataset, period, run, signal } = options;
  const relation = stagingName(dataset.name, period, run);
  const context = {
    dataset: dataset.name,
    period,
    object: options.objectName,
    relation: relation.name,
    columns: dataset.file.map(({ column }) => column),
    personal: personalColumns(dataset),
  };
  try {
    signal.throwIfAborted();
    return await inTransaction(client, async () => {
      await setForDataset(client, dataset);
      await client.query(`DROP TABLE IF EXISTS ${qualified(relation)}`);
      await client.query(createStaging(dataset, relation));
      return copyFile(options, relation);
    });
  } catch (thrown) {
    const explained = explainLoadError(thrown, context, signal);
    throw (await archiveError(explained, options)) ?? explained;
  }
}

/** Failures that a damaged archive can be the reason of: its text is then not what was packed. */
const OF_CONTENT = /^load\.(header|not-csv|malformed-row|bad-value|null|encoding|end-marker)$/;

async function archiveError(
  failed: DayboardError,
  options: StagingOptions,
): Promise<DayboardError | undefined> {
  if (!OF_CONTENT.test(failed.code)) return undefined;
  try {
    const fault = await archiveFault(await options.open(), options.objectName, options.signal);
    const { dataset, period, object } = failed.facts;
    return fault?.with({ dataset, period, object });
  } catch {
    // The first failure is the one to tell.
    return undefined;
  }
}

/** The staging table's columns: the file's, in its order, with the raw table's types. */
export function createStaging(dataset: Dataset, relation: RelationName): string {
  const columns = dataset.file.map(({ column }) => {
    const { name, type, nullable, value } = rawColumn(dataset, column);
    return `${ident(name)} ${type}${nullable || value !== undefined ? '' : ' NOT NULL'}`;
  });
  return `CREATE UNLOGGED TABLE ${qualified(relation)} (${columns.join(', ')})`;
}

function rawColumn(dataset: Dataset, name: string): Column {
  const found = dataset.table.columns.find((column) => column.name === name);
  if (found === undefined)
    throw new RangeError(`${dataset.name}: the file fills "${name}", which the table does not have`);
  return found;
}

async function copyFile(options: StagingOptions, relation: RelationName): Promise<Staged> {
  const { client, dataset, objectName, signal, onProgress } = options;
  const sources: Readable[] = [];
  let [read, bytes] = [0, 0];
  const checked = async function* (onRead: (count: number) => void): AsyncGenerator<Buffer, void> {
    try {
      const source = await options.open();
      sources.push(source);
      if (signal.aborted) source.destroy();
      const plain = decompress(counted(source, onRead), objectName);
      yield* checkHeader(plain, dataset.file, options.mayBeEmpty);
    } catch (thrown) {
      throw thrown instanceof DayboardError ? thrown : unreadable(objectName, thrown);
    }
  };
  const close = (): void => sources.forEach((source) => source.destroy());
  try {
    const markerEnds = (await serverVersion(client)) < END_MARKER_IS_DATA_SINCE;
    const passed = checked((count) => {
      read += count;
    });
    const safe = markerEnds ? refuseEndMarker(passed, () => checked(() => undefined)) : passed;
    const chunks = counted(safe, (count) => {
      bytes += count;
      onProgress?.({ bytes, read });
    });
    const rows = await copyIn({ client, sql: copySql(dataset, relation), chunks, close, signal });
    onProgress?.({ bytes, read, rows });
    return { relation, rows, bytes };
  } finally {
    close();
  }
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  count: (bytes: number) => void,
): AsyncGenerator<Buffer, void> {
  for await (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}

/** The header goes to the server too, so that its line numbers are the file's. */
function copySql(dataset: Dataset, relation: RelationName): string {
  const names = columnList(dataset.file.map(({ column }) => column));
  return `COPY ${qualified(relation)} (${names}) FROM STDIN WITH (FORMAT csv, HEADER true, FREEZE true, ENCODING ${literal('UTF8')})`;
}

/** Whatever a source throws that is not its own error must not be taken for one of the database. */
function unreadable(name: string, thrown: unknown): DayboardError {
  return new DayboardError({
    code: 'load.read',
    message: `${name} could not be read to its end: ${thrown instanceof Error ? thrown.message : String(thrown)}.`,
    next: 'Nothing was loaded, and what was published before is untouched. Load it again; if it fails again, fetch it again.',
    cause: thrown,
  });
}

async function serverVersion(client: ClientBase): Promise<number> {
  const found = await client.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  return found.rows[0]?.version ?? 0;
}
