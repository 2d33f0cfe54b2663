import type { ClientBase } from 'pg';
import { match } from '../../ledger/matching.ts';
import { columns, qualified } from '../../ledger/sql.ts';
import { inTransaction, setForDataset, setRowLockTimeout, withRetries } from '../../ledger/transaction.ts';
import { currentVersion } from '../../ledger/versions.ts';
import { affectedDerived } from '../../plan/derived.ts';
import type { DeliveryDiff, DiffRow, RollupDiff } from '../../plan/diff.ts';
import type { Project } from '../../project/model.ts';
import { workTablesOf } from '../../rollup/delta.ts';
import { bucketTotals } from '../../rollup/totals.ts';
import type { Prepared } from '../prepared.ts';
import { comparable } from './change-sql.ts';
import type { Changes } from './changes.ts';
import { isRowWise } from './kept.ts';
import { ensureDataset } from './publish.ts';
import { apply, type ChangeOptions, changesOf, dropWork, type ReadyChanges } from './ready.ts';
import { formerRequest } from './undo.ts';

export interface DiffOptions extends ChangeOptions {
  /** Lends a connection that sees what is published while the change is tried. */
  beside: <T>(work: (client: ClientBase) => Promise<T>) => Promise<T>;
  /** What is compared: rows ready to be published, or the version before the current one. */
  against: { prepared: Prepared; object: string } | { version: number };
}

/** So many rows of each kind are shown. */
const SAMPLES = 5;

/**
 * What a publish of these rows (or an undo) would change: raw rows by key, and what each rollup would become. The change
 * is made as a publish makes it, looked at, and rolled back: nobody else ever sees it.
 *
 * Errors: those of publishDelivery, 'undo.expired' and 'diff.version' (refused); nothing is ever changed.
 */
export async function diffDelivery(options: DiffOptions): Promise<DeliveryDiff> {
  const { client, project, dataset, period, against } = options;
  const shape = await ensureDataset(client, project, dataset);
  const current = await currentVersion(client, project.name, dataset.name, period);
  const request =
    'version' in against
      ? await formerRequest(options, shape, current, against.version)
      : {
          shape,
          rows: { relation: against.prepared.relation, count: against.prepared.kept },
          days: [...Object.keys(against.prepared.days), ...Object.keys(current?.days ?? {})],
          published: current !== undefined,
        };
  return {
    schema: 'dayboard.diff/1',
    dataset: dataset.name,
    period,
    version: current?.version ?? 0,
    against: 'version' in against ? { version: against.version } : { object: against.object },
    ...(request === undefined ? NONE : await looked(options, await changesOf(options, request))),
  };
}

type Difference = Pick<DeliveryDiff, 'rows' | 'samples' | 'rollups' | 'views'>;

const NONE: Difference = {
  rows: { added: 0, removed: 0, changed: 0 },
  samples: { added: [], removed: [], changed: [] },
  rollups: [],
  views: [],
};

async function looked(options: DiffOptions, ready: ReadyChanges): Promise<Difference> {
  const { client, project, dataset } = options;
  const { changes, deltas } = ready;
  if (changes.addedRows === 0 && changes.removedRows === 0) return NONE;
  const rows = await countRows(client, changes);
  const samples = await sampleRows(client, changes);
  const rollups = await tried(options, ready);
  const works = [...changes.built.map(({ beside }) => beside), ...deltas.flatMap(workTablesOf)];
  await dropWork(client, changes, ...works).catch(() => undefined);
  const affected = affectedDerived(project, [dataset.name]);
  const views = project.views.filter(({ name }) => affected.has(name)).map(({ name }) => name);
  return { rows, samples, rollups, views };
}

/** Applies the change, reads what the rollups became beside what they are, and rolls it back. */
async function tried(options: DiffOptions, ready: ReadyChanges): Promise<RollupDiff[]> {
  const { client, dataset, project, signal } = options;
  return withRetries(signal, async () => {
    await client.query('BEGIN');
    try {
      await setForDataset(client, dataset);
      await setRowLockTimeout(client);
      const touched = await apply(options, ready);
      return await options.beside((outside) =>
        inTransaction(outside, () => readRollups(client, outside, project, touched)),
      );
    } finally {
      await client.query('ROLLBACK').catch(() => undefined);
    }
  });
}

async function readRollups(
  inside: ClientBase,
  outside: ClientBase,
  project: Project,
  touched: ReadonlyMap<string, readonly string[]>,
): Promise<RollupDiff[]> {
  const found: RollupDiff[] = [];
  for (const rollup of project.rollups) {
    const buckets = touched.get(rollup.name) ?? [];
    if (buckets.length === 0) continue;
    const after = await bucketTotals(inside, project, rollup, buckets);
    const before = await bucketTotals(outside, project, rollup, buckets);
    const none = { groups: 0, measures: {}, content: '' };
    const all = [...buckets].sort().map((bucket) => ({
      bucket,
      before: before.get(bucket) ?? none,
      after: after.get(bucket) ?? none,
    }));
    // Rows that are the same and come from another delivery now touch buckets and change nothing in them.
    const other = all.filter((each) => JSON.stringify(each.before) !== JSON.stringify(each.after));
    if (other.length > 0) found.push({ name: rollup.name, buckets: other });
  }
  return found;
}

/** SELECTs of the rows of a change by what becomes of them. */
function kinds({ shape, added, removed }: Changes): {
  added: string;
  removed: string;
  changed: string | undefined;
} {
  const [come, gone] = [qualified(added), qualified(removed)];
  if (!isRowWise(shape)) {
    const list = comparable(shape, shape.columns)
      .map((column, at) => `${column} AS ${columns([shape.columns[at] ?? ''])}`)
      .join(', ');
    return {
      added: `SELECT ${list} FROM ${come} EXCEPT ALL SELECT ${list} FROM ${gone}`,
      removed: `SELECT ${list} FROM ${gone} EXCEPT ALL SELECT ${list} FROM ${come}`,
      changed: undefined,
    };
  }
  const on = match('a', 'b', shape.key ?? []);
  const list = columns(shape.columns, 'a');
  const [before, after] = ['b', 'a'].map((alias) => comparable(shape, shape.columns, alias).join(', '));
  return {
    added: `SELECT ${list} FROM ${come} a WHERE NOT EXISTS (SELECT FROM ${gone} b WHERE ${on})`,
    removed: `SELECT ${list} FROM ${gone} a WHERE NOT EXISTS (SELECT FROM ${come} b WHERE ${on})`,
    changed: `SELECT to_jsonb(b) - '_delivery' AS before, to_jsonb(a) - '_delivery' AS after FROM ${come} a JOIN ${gone} b ON ${on}
      WHERE (${before}) IS DISTINCT FROM (${after})`,
  };
}

async function countRows(client: ClientBase, changes: Changes): Promise<DeliveryDiff['rows']> {
  const { added, removed, changed } = kinds(changes);
  const of = (select: string | undefined) =>
    select === undefined ? '0' : `(SELECT count(*)::int FROM (${select}) x)`;
  const found = await client.query<DeliveryDiff['rows']>(
    `SELECT ${of(added)} AS added, ${of(removed)} AS removed, ${of(changed)} AS changed`,
  );
  return found.rows[0] ?? { added: 0, removed: 0, changed: 0 };
}

async function sampleRows(client: ClientBase, changes: Changes): Promise<DeliveryDiff['samples']> {
  const { added, removed, changed } = kinds(changes);
  const rows = async (select: string): Promise<DiffRow[]> => {
    const found = await client.query<{ row: DiffRow }>(
      `SELECT to_jsonb(x) AS row FROM (${select}) x ORDER BY x::text LIMIT ${SAMPLES}`,
    );
    return found.rows.map(({ row }) => row);
  };
  const pairs =
    changed === undefined
      ? { rows: [] }
      : await client.query<{ before: DiffRow; after: DiffRow }>(
          `SELECT * FROM (${changed}) x ORDER BY x::text LIMIT ${SAMPLES}`,
        );
  return { added: await rows(added), removed: await rows(removed), changed: pairs.rows };
}
