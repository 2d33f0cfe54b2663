import { literal } from '../../ledger/sql.ts';

/** What the server tells of a statement's column before it runs it. */
export interface ColumnDescription {
  name: string;
  /** OID and modifier of its type. */
  type: number;
  modifier: number;
}

/** What `\gdesc` says of a statement that gives no columns. */
export const NO_COLUMNS = 'The command has no result, or the result has no columns.\n';

/** The query whose result `\gdesc` shows: a row for each column. Types are named by the server. */
export function columnsQuery(columns: readonly ColumnDescription[]): string {
  const rows = columns.map(
    ({ name, type, modifier }, at) => `(${at}, ${literal(name)}, ${type}::oid, ${modifier})`,
  );
  return `select name as "Column", pg_catalog.format_type(type, modifier) as "Type"
from (values ${rows.join(', ')}) as d(at, name, type, modifier) order by at`;
}
