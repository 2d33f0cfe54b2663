/** What copying a schema would do. */
export interface CopyPlan {
  name: string;
  schema: string;
  /** 'user@host:port/database' of both. */
  from: string;
  into: string;
  /** Tables that would be replaced at the target, in alphabetical order. */
  tables: string[];
  /** Tables of the source that are left out. */
  excluded: string[];
  /** What does it: 'pg_dump 17'. */
  tool: string;
}
