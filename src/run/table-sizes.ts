import { setTimeout as delay } from 'node:timers/promises';
import type { Queryable } from '../ledger/client.ts';
import { readTableBytes } from '../ledger/table-bytes.ts';
import type { Project, RelationName } from '../project/model.ts';

/** How long sizes are good for: they are of the last analyze anyway. And how long a board waits for them, in milliseconds. */
const GOOD_FOR = 10 * 60_000;
const PATIENCE = 300;

/** Sizes of raw tables for the board: none for the first, which nothing may delay, and then read once in a while. */
export class TableSizes {
  private readonly tables: ReadonlyMap<string, RelationName>;
  private isFirst = true;
  private readAt = Number.NEGATIVE_INFINITY;
  private known: ReadonlyMap<string, number> = new Map();

  constructor({ datasets }: Pick<Project, 'datasets'>) {
    this.tables = new Map(datasets.map(({ name, table }) => [name, table]));
  }

  /** Bytes by the names of datasets, as far as they are known. Never rejects: a board without sizes is one. */
  async read(client: Queryable): Promise<ReadonlyMap<string, number>> {
    if (this.isFirst) {
      this.isFirst = false;
    } else if (performance.now() - this.readAt > GOOD_FOR) {
      this.readAt = performance.now();
      const reading = readTableBytes(client, this.tables).then(
        (found) => {
          this.known = found;
        },
        () => undefined,
      );
      // Of tens of thousands of partitions they come with a later board.
      await Promise.race([reading, delay(PATIENCE, undefined, { ref: false })]);
    }
    return this.known;
  }
}
