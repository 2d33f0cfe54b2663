import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { DayboardError } from '../project/errors.ts';
import type { Dataset, Period, Select, SourceObject } from '../project/model.ts';
import { columns, ident, literal, qualified } from '../project/sql.ts';
import { cancelled, objectMissing, throwIfCancelled } from './errors.ts';
import { firstInstant, instantsOf, periodFormat } from './postgres-periods.ts';
import type { ListedObject, ListingFloors, RowStream, Source, SourceBody } from './source.ts';

/** A source database, as whoever composes the sources opens it. */
export interface SourceDatabase {
  /** 'user@host:port/database'; never a secret. */
  display: string;
  /** A new connection whose session can only read; failures are DayboardErrors 'source.…'. */
  connect(purpose: string): Promise<pg.Client>;
  /** A new connection that may write; 'context.read-only' (refused) where the context may not. */
  connectToWrite(purpose: string): Promise<pg.Client>;
  /** libpq variables for its programs, the password included. */
  variables(): Record<string, string>;
  /** A failure of a statement as a DayboardError 'source.…'. */
  explain(thrown: unknown): DayboardError;
}

/**
 * Rows of another database. Its objects are the rows of one period, told from other versions by their count, their
 * greatest id and their newest time (in microseconds), so that rows that are new or were committed late make another
 * version. They are read in one snapshot per delivery, while they are loaded: nothing of them is kept in the cache.
 */
export function postgresSource(database: SourceDatabase): Source {
  return new PostgresSource(database);
}

class PostgresSource implements Source {
  readonly place: string;
  readonly database: SourceDatabase;

  constructor(database: SourceDatabase) {
    this.database = database;
    this.place = database.display;
  }

  async *list(
    datasets: readonly Dataset[],
    signal?: AbortSignal,
    only?: Period,
    floors?: ListingFloors,
  ): AsyncGenerator<ListedObject> {
    throwIfCancelled(signal);
    const found = await this.#reading('list', signal, async (client) => {
      const listed: ListedObject[] = [];
      for (const dataset of datasets) {
        throwIfCancelled(signal);
        listed.push(...(await objectsOf(client, dataset, boundsOf(dataset, only, floors))));
      }
      return listed;
    });
    yield* found;
  }

  async rows(dataset: Dataset, period: Period, signal: AbortSignal): Promise<RowStream | undefined> {
    const client = await this.#connect('copy', signal);
    try {
      await beginSnapshot(client);
      const [listed] = await objectsOf(
        client,
        dataset,
        timeIn(selectOf(dataset), instantsOf(dataset, period)),
      );
      if (listed === undefined) {
        await client.end();
        return undefined;
      }
      return this.#stream(client, dataset, period, listed.object, signal);
    } catch (thrown) {
      hangUp(client);
      throw this.#error(thrown, signal);
    }
  }

  #stream(
    client: pg.Client,
    dataset: Dataset,
    period: Period,
    object: SourceObject,
    signal: AbortSignal,
  ): RowStream {
    const copy = client.query(copyTo(copySql(dataset, period)));
    const close = (): void => {
      signal.removeEventListener('abort', close);
      copy.destroy();
      hangUp(client);
    };
    signal.addEventListener('abort', close, { once: true });
    const error = (thrown: unknown): DayboardError => this.#error(thrown, signal);
    const chunks = async function* (): AsyncGenerator<Buffer, void> {
      try {
        for await (const chunk of copy as AsyncIterable<Buffer>) yield chunk;
        // The stream ends with the data; how many rows they were the server says after it.
        await client.query('COMMIT');
      } catch (thrown) {
        throw error(thrown);
      } finally {
        close();
      }
    };
    return { object, rows: rowsOf(object), chunks: chunks(), copied: () => copy.rowCount, close };
  }

  /** Nothing of a database is read by bytes. */
  open(object: SourceObject): Promise<SourceBody> {
    return Promise.reject(objectMissing(this.place, object));
  }

  async probe(signal?: AbortSignal): Promise<void> {
    await this.#reading('probe', signal, (client) => client.query('SELECT 1'));
  }

  close(): void {
    // Every reading has a connection of its own, which ends with it.
  }

  async #connect(purpose: string, signal: AbortSignal | undefined): Promise<pg.Client> {
    throwIfCancelled(signal);
    const client = await this.database.connect(purpose);
    if (signal?.aborted) hangUp(client);
    throwIfCancelled(signal);
    return client;
  }

  async #reading<T>(
    purpose: string,
    signal: AbortSignal | undefined,
    work: (client: pg.Client) => Promise<T>,
  ): Promise<T> {
    const client = await this.#connect(purpose, signal);
    const abort = (): void => hangUp(client);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await beginSnapshot(client);
      return await work(client);
    } catch (thrown) {
      throw this.#error(thrown, signal);
    } finally {
      signal?.removeEventListener('abort', abort);
      await client.end().catch(() => undefined);
    }
  }

  #error(thrown: unknown, signal: AbortSignal | undefined): DayboardError {
    if (thrown instanceof DayboardError) return thrown;
    return signal?.aborted ? cancelled(signal) : this.database.explain(thrown);
  }
}

/** What is read afterwards is of one moment. Values are written so that any server reads them the same. */
async function beginSnapshot(client: pg.Client): Promise<void> {
  await client.query(
    `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'`,
  );
}

/** Ends a connection without waiting for the server, which may be in the middle of a COPY. */
function hangUp(client: pg.Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

function selectOf(dataset: Dataset): Select {
  if (dataset.select === undefined) throw new RangeError(`${dataset.name} selects nothing of a database`);
  return dataset.select;
}

function fromOf({ from }: Select): string {
  return 'sql' in from ? `(${from.sql})` : qualified(from);
}

function timeIn({ time }: Select, [from, to]: readonly [string, string]): string {
  const column = `r.${ident(time)}`;
  return `${column} >= ${literal(from)}::timestamptz AND ${column} < ${literal(to)}::timestamptz`;
}

function boundsOf(dataset: Dataset, only: Period | undefined, floors: ListingFloors | undefined): string {
  const select = selectOf(dataset);
  if (only !== undefined) return timeIn(select, instantsOf(dataset, only));
  const since = [dataset.since, floors?.get(dataset.name)].filter((each) => each !== undefined).sort();
  const floor = since.at(-1);
  return floor === undefined
    ? `r.${ident(select.time)} IS NOT NULL`
    : `r.${ident(select.time)} >= ${literal(firstInstant(dataset, floor))}::timestamptz`;
}

/** The objects of a dataset whose rows lie within bounds, oldest first. */
async function objectsOf(client: pg.Client, dataset: Dataset, bounds: string): Promise<ListedObject[]> {
  const select = selectOf(dataset);
  const time = `r.${ident(select.time)}`;
  const found = await client.query<{ period: string; rows: string; id: string; time: string; bytes: string }>(
    `SELECT to_char(${time} AT TIME ZONE ${literal(dataset.timeZone)}, ${literal(periodFormat(dataset.period))}) AS period,
            count(*) AS rows, max(r.${ident(select.id)})::text AS id,
            to_char(max(${time}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time,
            sum(pg_column_size(r.*)) AS bytes
       FROM ${fromOf(select)} AS r WHERE ${bounds} GROUP BY 1 ORDER BY 1`,
  );
  return found.rows.map(({ period, rows, id, time: modified, bytes }) => ({
    dataset: dataset.name,
    period,
    object: {
      key: dataset.key.replaceAll('{period}', period),
      size: Number(bytes),
      etag: `${rows}-${id}-${modified.replaceAll(/\D/g, '')}`,
      modified,
    },
  }));
}

/** How many rows a version tag announces. */
function rowsOf(object: SourceObject): number {
  return Number.parseInt(object.etag, 10);
}

/** Named columns only: one that the source gains, or another order there, changes nothing. */
function copySql(dataset: Dataset, period: Period): string {
  const select = selectOf(dataset);
  const names = columns(
    dataset.file.map(({ header }) => header),
    'r',
  );
  return `COPY (SELECT ${names} FROM ${fromOf(select)} AS r WHERE ${timeIn(select, instantsOf(dataset, period))}
    ORDER BY r.${ident(select.time)}, r.${ident(select.id)}) TO STDOUT WITH (FORMAT text, ENCODING 'UTF8')`;
}
