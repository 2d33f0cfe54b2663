import type pg from 'pg';
import { readOwed } from '../../src/ledger/derived.ts';
import { relationState } from '../../src/ledger/relations.ts';
import { columns, qualified } from '../../src/ledger/sql.ts';
import { inTransaction } from '../../src/ledger/transaction.ts';
import { forgetOld } from '../../src/load/publish/forget.ts';
import { publishDelivery } from '../../src/load/publish/publish.ts';
import { rawShape } from '../../src/load/publish/shape.ts';
import { undoDelivery } from '../../src/load/publish/undo.ts';
import type { Prepared } from '../../src/load/prepared.ts';
import { derivedInOrder } from '../../src/plan/derived.ts';
import type { Dataset, Period, Project } from '../../src/project/model.ts';
import { recomputeBuckets } from '../../src/rollup/recompute.ts';
import { type Case, definition, isForeign, keyOf, plainSql } from './definition.ts';
import { expected, type Holding, type Row, texts } from './model.ts';

const COLUMNS = ['id', 'n', 'at', 'day', 'kind', 'amount', 'price'];
const NEVER = new AbortController().signal;

/** Rows as texts, sorted. */
interface State {
  raw: string[];
  shadow: string[];
  rollups: string[];
  changedByRepeating: number;
}

/** The one that works, and one that is lent to it. */
export type Connections = readonly [pg.Client, pg.Client];

/** One dataset in the database, and beside it what it must be. */
export class World {
  readonly client: pg.Client;
  private readonly other: pg.Client;
  private isLent = false;
  readonly each: Case;
  readonly project: Project;
  readonly dataset: Dataset;
  readonly run: string;
  readonly deliveries = new Map<Period, readonly Row[]>();
  /** What an undo of each version brings back, the newest last. */
  private readonly former = new Map<
    Period,
    Array<{ rows: readonly Row[] | undefined; before: readonly Row[]; expired?: true }>
  >();
  /** Something was given up since. */
  private hasExpired = false;
  before: readonly Row[] = [];
  /** Rows that came or went when the same delivery was published again. */
  private changedByRepeating = 0;

  private constructor([client, other]: Connections, each: Case, number: number, run: string) {
    this.client = client;
    this.other = other;
    this.each = each;
    this.run = run;
    const made = definition(each, number);
    this.project = made.project;
    this.dataset = made.dataset;
  }

  /** A new world; a foreign table holds `before` already. */
  static async open(
    connections: Connections,
    each: Case,
    number: number,
    before: readonly Row[],
  ): Promise<World> {
    const [client] = connections;
    const made = await client.query<{ id: string }>(
      `INSERT INTO dayboard.run (project, context, command, cli, plan, state, by_user, host, pid)
       VALUES ($1, 'test', 'sync', '', '{}', 'running', 'test', 'test', 1) RETURNING id`,
      [`p${number}`],
    );
    const world = new World(connections, each, number, made.rows[0]?.id ?? '');
    await client.query(`CREATE SCHEMA s${number}`);
    if (isForeign(each)) {
      // Wider types than declared, and no constraint: what people have.
      await client.query(
        `CREATE TABLE s${number}.visits (amount bigint, id varchar, n smallint, at timestamptz, day date, kind varchar, note text, price numeric)`,
      );
      world.before = before;
      await world.insert(`s${number}.visits`, before);
    }
    return world;
  }

  private async insert(relation: string, rows: readonly Row[]): Promise<void> {
    await this.client.query(
      `INSERT INTO ${relation} (${columns(COLUMNS)})
       SELECT ${columns(COLUMNS)} FROM jsonb_to_recordset($1) AS r(id text, n integer, at timestamptz, day date, kind text, amount integer, price numeric)`,
      [JSON.stringify(rows)],
    );
  }

  private async prepare(period: Period, rows: readonly Row[]): Promise<Prepared> {
    const relation = {
      schema: 'dayboard_staging',
      name: `${this.dataset.name}_${period.replaceAll('-', '_')}_p`,
    };
    const types = this.dataset.table.columns.map(({ name, type }) => `"${name}" ${type}`).join(', ');
    await this.client.query(`DROP TABLE IF EXISTS ${qualified(relation)}`);
    // As the loader has it: what is new may become a partition.
    const kind = this.deliveries.has(period) ? 'UNLOGGED ' : '';
    await this.client.query(
      `CREATE ${kind}TABLE ${qualified(relation)} (${types}, _delivery date DEFAULT '${period}')`,
    );
    await this.insert(qualified(relation), rows);
    const days: Record<string, number> = {};
    for (const { day } of rows) days[day] = (days[day] ?? 0) + 1;
    return { relation, rows: rows.length, kept: rows.length, days, findings: [], notes: [] };
  }

  private options(client: pg.ClientBase, period: Period, derive: boolean) {
    const { project, dataset, run } = this;
    return { client, project, dataset, period, run, derive, signal: NEVER };
  }

  /** Lends the other connection when nobody has it. */
  private readonly lend = async (work: (client: pg.Client) => Promise<void>): Promise<void> => {
    if (this.isLent) return;
    this.isLent = true;
    try {
      await work(this.other);
    } finally {
      this.isLent = false;
    }
  };

  /** Publishes rows as a period's delivery; with `stopAt` the statement of that number fails. */
  async publish(period: Period, rows: readonly Row[], derive: boolean, stopAt?: number): Promise<void> {
    const prepared = await this.prepare(period, rows);
    const old = this.deliveries.get(period);
    const lacked = (await this.lacking()).includes(period);
    const same = old !== undefined && !lacked && multiset(old) === multiset(rows);
    const done = await this.interruptible(stopAt, async (client) => {
      const published = await publishDelivery({
        ...this.options(client, period, derive),
        ...(stopAt === undefined ? { lend: this.lend } : {}),
        prepared,
        object: { key: period, size: 1, etag: 'e', modified: '2024-11-01T00:00:00Z' },
        rules: 'r',
      });
      if (same) this.changedByRepeating += published.added + published.removed;
    });
    if (!done) return;
    this.deliveries.set(period, rows);
    // In a table that does not say where its rows came from, a period's rows are all that it holds of its days.
    const replaced = ({ day }: Row) => this.each.kind.startsWith('period') && day === period;
    const former = { rows: old, before: this.before.filter(replaced) };
    this.former.set(period, [...(this.former.get(period) ?? []), former]);
    this.before = this.before.filter((row) => !replaced(row));
  }

  async undo(period: Period, derive: boolean, stopAt?: number): Promise<void> {
    const options = { ...this.options(this.client, period, derive), by: 'test' };
    if (this.mayNotUndo(period)) {
      const told = await undoDelivery(options).catch((thrown: unknown) => thrown);
      if ((told as { code?: string }).code !== 'undo.expired') throw told;
      return;
    }
    const done = await this.interruptible(stopAt, async (client) => {
      await undoDelivery({ ...this.options(client, period, derive), by: 'test' });
    });
    if (!done) return;
    const former = this.former.get(period)?.pop();
    if (former?.rows === undefined) this.deliveries.delete(period);
    else this.deliveries.set(period, former.rows);
    this.before = [...this.before, ...(former?.before ?? [])];
  }

  /** What expired is given up, but for the first delivery of a period of its own, which took nothing. */
  private mayNotUndo(period: Period): boolean {
    const last = this.former.get(period)?.at(-1);
    if (last?.expired !== true) return false;
    return !this.each.kind.startsWith('period') || last.rows !== undefined || isForeign(this.each);
  }

  /** The versions of a period become so old that they are not kept any more. */
  async expire(period: Period): Promise<void> {
    const { client, project, dataset } = this;
    if (!this.deliveries.has(period)) return;
    await client.query(
      `UPDATE dayboard.version SET published_at = published_at - interval '40 days' WHERE project = $1 AND period = $2`,
      [project.name, period],
    );
    await forgetOld(client, project, rawShape(project.name, dataset, !isForeign(this.each)));
    this.hasExpired = true;
    for (const former of this.former.get(period) ?? []) former.expired = true;
  }

  /** The deliveries of which something that was given up is needed again. */
  private async lacking(): Promise<Period[]> {
    const found = await this.client.query<{ period: Period }>(
      'SELECT period FROM dayboard.version WHERE project = $1 AND current AND lacks ORDER BY period',
      [this.project.name],
    );
    return found.rows.map(({ period }) => period);
  }

  /** Loads again what is owed. */
  async reload(): Promise<void> {
    for (const period of await this.lacking())
      await this.publish(period, this.deliveries.get(period) ?? [], true);
  }

  /** True when the work was done, whether or not it failed after its transaction. */
  private async interruptible(
    stopAt: number | undefined,
    work: (client: pg.ClientBase) => Promise<void>,
  ): Promise<boolean> {
    if (stopAt === undefined) {
      await work(this.client);
      return true;
    }
    const versions = await this.versions();
    try {
      await work(stopping(this.client, stopAt));
      return true;
    } catch (thrown) {
      if (!String(thrown).includes(INTERRUPTED)) throw thrown;
      await this.client.query('ROLLBACK');
      return (await this.versions()) !== versions;
    }
  }

  private async versions(): Promise<string> {
    const found = await this.client.query(
      'SELECT period, version FROM dayboard.version WHERE project = $1 AND current ORDER BY period',
      [this.project.name],
    );
    return JSON.stringify(found.rows);
  }

  /** Recomputes what is owed, parents first, as a run does; with `only`, just the rollup of that place. */
  async recompute(only?: number): Promise<void> {
    const { client, project, run } = this;
    const ordered = derivedInOrder(project);
    for (const derived of only === undefined ? ordered : ordered.slice(only, only + 1)) {
      const rollup = project.rollups.find(({ name }) => name === derived.name);
      if (
        rollup === undefined ||
        (await relationState(client, project.name, this.counted(derived.name))).owner === 'absent'
      )
        continue;
      await inTransaction(client, async () => {
        const owed = (await readOwed(client, project.name)).get(rollup.name);
        if (owed !== undefined) await recomputeBuckets({ client, project, run }, rollup, owed.buckets);
      });
    }
  }

  private counted(name: string) {
    return { schema: 'dayboard', name: `rollup_${this.project.name}_${name}` };
  }

  /** What is in the tables, and what the current deliveries make of them; rollups too, unless something is owed. */
  async state(): Promise<{ found: State; wanted: State }> {
    const { each, dataset, deliveries, before } = this;
    const empty = { raw: [], shadow: [], rollups: [], changedByRepeating: 0 };
    const table = await relationState(this.client, this.project.name, dataset.table);
    if (table.owner === 'absent') return { found: empty, wanted: empty };
    const want = expected(each.kind, keyOf(each) ?? [], { deliveries, before });
    const own = !isForeign(each);
    const shadow = `dayboard.shadow_${this.project.name}_${dataset.name}`;
    const owed = await readOwed(this.client, this.project.name);
    const made = await this.exists(qualified({ schema: dataset.table.schema, name: 'dated_amounts' }));
    const found = {
      raw: await this.read(qualified(dataset.table), own),
      shadow: (await this.exists(shadow)) ? await this.read(shadow, true) : [],
      rollups: made && owed.size === 0 ? await this.differences() : [],
      changedByRepeating: this.changedByRepeating,
    };
    const wanted = { ...empty, raw: texts(want.raw, own), shadow: texts(want.shadow, true) };
    if (!this.hasExpired) return { found, wanted };
    const lacking = new Set(await this.lacking());
    // What stands behind may be gone; and what is gone and needed is owed.
    const all = texts([...want.raw, ...want.shadow], true);
    const explained = texts(
      want.raw.filter(({ delivery }) => lacking.has(delivery)),
      own,
    );
    const missing = without(wanted.raw, found.raw);
    return {
      found: {
        ...found,
        raw: lacking.size === 0 ? found.raw : without(missing, explained),
        shadow: without(found.shadow, all),
      },
      wanted: { ...empty, raw: lacking.size === 0 ? wanted.raw : [] },
    };
  }

  /** Rows in which a published relation and plain SQL over the raw table differ, of all relations in one question. */
  private async differences(): Promise<string[]> {
    const { schema } = this.dataset.table;
    const selects = Object.entries(plainSql(this.dataset)).map(([name, sql]) => {
      const published = `SELECT * FROM ${qualified({ schema, name })}`;
      return `SELECT '${name}: too much: ' || a::text AS line FROM (${published} EXCEPT ALL (${sql})) a
        UNION ALL SELECT '${name}: missing: ' || b::text FROM ((${sql}) EXCEPT ALL ${published}) b`;
    });
    const found = await this.client.query<{ line: string }>(selects.join(' UNION ALL '));
    return found.rows.map(({ line }) => line);
  }

  async exists(relation: string): Promise<boolean> {
    const found = await this.client.query<{ oid: string | null }>('SELECT to_regclass($1) AS oid', [
      relation,
    ]);
    return found.rows[0]?.oid !== null;
  }

  private async read(relation: string, withDelivery: boolean): Promise<string[]> {
    const found = await this.client.query<Holding>(
      `SELECT id, n::int, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at, day::text, kind, amount::int, price::text,
              ${withDelivery ? '_delivery::text' : `''`} AS delivery FROM ${relation}`,
    );
    return texts(found.rows, withDelivery);
  }
}

/** The texts of one list that the other has not, as multisets. */
function without(texts: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return texts.filter((text) => {
    const at = left.indexOf(text);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

const INTERRUPTED = 'interrupted by the test';

function multiset(rows: readonly Row[]): string {
  return texts(
    rows.map((row) => ({ ...row, delivery: '' })),
    false,
  ).join('\n');
}

/** The client, but the statement of this number is never sent. */
function stopping(client: pg.Client, stopAt: number): pg.ClientBase {
  let statements = 0;
  return new Proxy(client, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      const bound = value.bind(target) as (...args: unknown[]) => unknown;
      if (property !== 'query') return bound;
      return (...args: unknown[]) => {
        statements += 1;
        return statements === stopAt ? Promise.reject(new Error(INTERRUPTED)) : bound(...args);
      };
    },
  });
}
