import {
  type DescribeContext,
  type DescribeRequest,
  privileges,
  selectList,
  words,
} from './describe-context.ts';
import { patternCondition } from './pattern.ts';

const PROVIDERS = { b: 'builtin', c: 'libc', i: 'icu' };

/**
 * `\l`: the columns of psql 15 for servers that it can ask, those of psql 17 for newer ones, whose catalog psql 15
 * does not know.
 */
export function databasesQuery(
  { pattern, verbose }: DescribeRequest,
  { database, serverVersion }: DescribeContext,
): string {
  const provider = ['Locale Provider', words('d.datlocprovider', PROVIDERS)] as const;
  const collation = [['Collate', 'd.datcollate'] as const, ['Ctype', 'd.datctype'] as const];
  const locale =
    serverVersion >= 170_000
      ? [provider, ...collation, ['Locale', 'd.datlocale'] as const, ['ICU Rules', 'd.daticurules'] as const]
      : [...collation, ['ICU Locale', 'd.daticulocale'] as const, provider];
  const size = `case when pg_catalog.has_database_privilege(d.datname, 'CONNECT')
       then pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(d.datname)) else 'No Access' end`;
  const columns = selectList([
    ['Name', 'd.datname'],
    ['Owner', 'pg_catalog.pg_get_userbyid(d.datdba)'],
    ['Encoding', 'pg_catalog.pg_encoding_to_char(d.encoding)'],
    ...locale,
    ['Access privileges', privileges('d.datacl')],
    verbose ? ['Size', size] : undefined,
    verbose ? ['Tablespace', 't.spcname'] : undefined,
    verbose ? ['Description', "pg_catalog.shobj_description(d.oid, 'pg_database')"] : undefined,
  ]);
  const condition = patternCondition(pattern, { name: 'd.datname', parts: 1 }, database);
  return `select ${columns}
from pg_catalog.pg_database d join pg_catalog.pg_tablespace t on t.oid = d.dattablespace
where ${condition} order by 1`;
}
