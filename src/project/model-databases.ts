/** What definitions say of databases: what is read of a source, looked up at the target, and copied. */

import type { RelationName } from './model.ts';

/** What a dataset reads of a source database: the rows of a period are those whose `time` lies in it. */
export interface Select {
  from: RelationName | { sql: string };
  /** The timestamptz column (its name at the source) whose day, in the dataset's time zone, is the row's. */
  time: string;
  /** The column (its name at the source) that tells rows apart and grows with them. */
  id: string;
  /** For how many days before the newest loaded row the source is looked at again: rows are committed late. */
  overlapDays: number;
  /** Rows that are proven loaded may be deleted at the source by `cleanup`. */
  cleanup: boolean;
}

/** Rows of the target database that computed columns are looked up in. */
export interface Lookup {
  name: string;
  /** A SELECT over the target's tables. Of several rows that match one, the first by all their columns counts. */
  sql: string;
  /** Columns that the SELECT and the raw table both have, by which a row is found. */
  on: string[];
}

/** A column that follows what other tables of the target say now, in every published row, however old. */
export interface Follow {
  name: string;
  /** A column of the file. */
  column: string;
  /** A SELECT over the target's tables with the columns `on`, `was` and `becomes`: rows that have `was` get `becomes`. */
  sql: string;
  /** Columns that the SELECT and the raw table both have, by which a row is found. */
  on: string[];
}

/** Tables of a source database that are replaced whole at the target, by pg_dump and pg_restore. */
export interface SchemaCopy {
  name: string;
  description: string;
  /** Why it is switched off; undefined when it is on. */
  off?: string;
  /** A source of kind 'postgres'. */
  source: string;
  /** The schema, of the same name in both databases. */
  schema: string;
  /** Tables of it that are not copied. */
  exclude: string[];
  /** Extensions that the tables need, made sure of at the target first. */
  extensions: Array<{ name: string; schema?: string }>;
  /** What tells a database that must never be the target. */
  never: {
    /** Texts in its 'user@host:port/database'. */
    named: string[];
    /** A table, 'schema.name', that only such a database has. */
    having?: string;
  };
  /**
   * Columns that the copied tables have at the target alone: added again after each copy, and filled with an SQL
   * expression once the relation that it reads is there.
   */
  add: Array<{ table: string; column: string; type: string; value?: { sql: string; reads: RelationName } }>;
  /** Columns that copied tables must not have at the target. */
  drop: Array<{ table: string; column: string }>;
}
