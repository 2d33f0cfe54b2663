import type { ClientBase } from 'pg';
import type { Project, RelationName } from '../project/model.ts';
import type { RollupShape } from './shape.ts';

/** Rows that came and rows that went, of a raw table or of a rollup. */
export interface RowChange {
  added: RelationName;
  removed: RelationName;
}

export interface DeltaContext {
  client: ClientBase;
  project: Project;
  run: string;
  /** Where the buckets that change are noted, by rollup. */
  touched?: Map<string, string[]>;
}

/** The change of a rollup's groups by a change of its parent's rows, in a work table. */
export interface Delta {
  shape: RollupShape;
  table: RelationName;
  /** Buckets that it touches, without those that are owed. */
  buckets: string[];
  /** No rows went, or none came. */
  onlyAdded: boolean;
  onlyRemoved: boolean;
}
