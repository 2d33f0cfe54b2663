import type { ClientBase } from 'pg';
import type { Day, Project, RelationName } from '../project/model.ts';
import type { RollupShape } from './shape.ts';

/** Rows that came and rows that went, of a raw table or of a rollup. */
export interface RowChange {
  added: RelationName;
  removed: RelationName;
  /** The day of the partitions that all of these rows lie in, where it is one. */
  day?: Day;
  /** First day, as SQL, of the delivery that all rows that went are from; only where no rows came. */
  leaving?: string;
  /**
   * The delivery, by its first day as SQL, that alone has changed since it came, and which rows of the raw table it can
   * have, as a condition: groups that have it as their witness have no others.
   */
  alone?: { delivery: string; where: string };
}

export interface DeltaContext {
  client: ClientBase;
  project: Project;
  run: string;
  /** Where the buckets that change are noted, by rollup. */
  touched?: Map<string, string[]>;
}

/** The change of a rollup by a change of its parent's rows. */
export type Delta = FreshDelta | EmptiedDelta | GroupDelta | ListDelta;

interface DeltaOf<Kind extends string> {
  kind: Kind;
  shape: RollupShape;
  /** Buckets that it touches, without those that are owed. */
  buckets: string[];
}

/** The buckets are empty, and the rows that come make their groups. */
export interface FreshDelta extends DeltaOf<'fresh'> {
  added: RelationName;
  /** The value of the bucket's group as SQL, where it is known to be one. */
  value?: string | undefined;
}

/** All rows of the buckets go. */
export type EmptiedDelta = DeltaOf<'emptied'>;

/** What a change adds to the counts and measures of groups. */
export interface GroupDelta extends DeltaOf<'groups'> {
  /** The groups with what is added to them. */
  table: RelationName;
  /** No rows went. */
  onlyAdded: boolean;
}

/** What a change does to a list of groups. */
export interface ListDelta extends DeltaOf<'list'> {
  /** Groups that were not there. */
  come: RelationName;
  /** Groups that may have lost their last row: the rows that are left decide. */
  doubtful: RelationName;
  doubtfulCount: number;
  /** The days, first and last, around which rows that keep them are looked for first. */
  near: readonly [Day, Day] | undefined;
  /** The rows, as a condition, that alone can keep them; undefined where any can. */
  within: string | undefined;
}

/** The work tables that a delta stands in. */
export function workTablesOf(delta: Delta): RelationName[] {
  if (delta.kind === 'list') return [delta.come, delta.doubtful];
  return delta.kind === 'groups' ? [delta.table] : [];
}
