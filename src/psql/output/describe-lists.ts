import { databasesQuery } from './describe-databases.ts';
import {
  type Described,
  type DescribeContext,
  type DescribeRequest,
  optionList,
  privileges,
  selectList,
  words,
} from './describe-context.ts';
import { aggregatesQuery, functionsQuery } from './describe-functions.ts';
import { domainsQuery, typesQuery } from './describe-types.ts';
import { patternCondition } from './pattern.ts';
import { printTable } from './print.ts';

/** A describe command that is one query and one table. */
interface List {
  title: string;
  query: (request: DescribeRequest, context: DescribeContext) => string;
}

const LISTS: Readonly<Record<string, List>> = {
  a: { title: 'List of aggregate functions', query: aggregatesQuery },
  b: { title: 'List of tablespaces', query: tablespacesQuery },
  D: { title: 'List of domains', query: domainsQuery },
  dp: { title: 'Default access privileges', query: defaultPrivilegesQuery },
  es: { title: 'List of foreign servers', query: serversQuery },
  et: { title: 'List of foreign tables', query: foreignTablesQuery },
  ew: { title: 'List of foreign-data wrappers', query: wrappersQuery },
  f: { title: 'List of functions', query: functionsQuery },
  l: { title: 'List of databases', query: databasesQuery },
  L: { title: 'List of languages', query: languagesQuery },
  n: { title: 'List of schemas', query: schemasQuery },
  T: { title: 'List of data types', query: typesQuery },
  x: { title: 'List of installed extensions', query: extensionsQuery },
  y: { title: 'List of event triggers', query: eventTriggersQuery },
};

/** The key of a list; `\df` takes letters for kinds of functions. */
function listKey(kind: string): string {
  return /^f[anptw]*$/.test(kind) ? 'f' : kind;
}

/** Whether a command is one of those lists. */
export function isList(kind: string): boolean {
  return Object.hasOwn(LISTS, listKey(kind));
}

/** Runs one of those lists. */
export async function printList(request: DescribeRequest, context: DescribeContext): Promise<Described> {
  const list = LISTS[listKey(request.kind)];
  if (list === undefined) throw new RangeError(`\\d${request.kind} is no list`);
  const rows = await context.query(list.query(request, context));
  return { output: printTable({ ...rows, title: list.title }, context.settings), failed: false };
}

function schemasQuery({ pattern, verbose, system }: DescribeRequest, { database }: DescribeContext): string {
  const own =
    system || pattern !== undefined ? '' : "and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";
  const columns = selectList([
    ['Name', 'n.nspname'],
    ['Owner', 'pg_catalog.pg_get_userbyid(n.nspowner)'],
    verbose ? ['Access privileges', privileges('n.nspacl')] : undefined,
    verbose ? ['Description', "pg_catalog.obj_description(n.oid, 'pg_namespace')"] : undefined,
  ]);
  const condition = patternCondition(pattern, { name: 'n.nspname', parts: 2 }, database);
  return `select ${columns} from pg_catalog.pg_namespace n where ${condition} ${own} order by 1`;
}

function extensionsQuery({ pattern }: DescribeRequest, { database }: DescribeContext): string {
  const columns = selectList([
    ['Name', 'e.extname'],
    ['Version', 'e.extversion'],
    ['Schema', 'n.nspname'],
    ['Description', "pg_catalog.obj_description(e.oid, 'pg_extension')"],
  ]);
  const condition = patternCondition(pattern, { name: 'e.extname', parts: 1 }, database);
  return `select ${columns}
from pg_catalog.pg_extension e left join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where ${condition} order by 1`;
}

function tablespacesQuery({ pattern, verbose }: DescribeRequest, { database }: DescribeContext): string {
  const columns = selectList([
    ['Name', 'spcname'],
    ['Owner', 'pg_catalog.pg_get_userbyid(spcowner)'],
    ['Location', 'pg_catalog.pg_tablespace_location(oid)'],
    verbose ? ['Access privileges', privileges('spcacl')] : undefined,
    verbose ? ['Options', 'spcoptions'] : undefined,
    verbose ? ['Size', 'pg_catalog.pg_size_pretty(pg_catalog.pg_tablespace_size(oid))'] : undefined,
    verbose ? ['Description', "pg_catalog.shobj_description(oid, 'pg_tablespace')"] : undefined,
  ]);
  const condition = patternCondition(pattern, { name: 'spcname', parts: 1 }, database);
  return `select ${columns} from pg_catalog.pg_tablespace where ${condition} order by 1`;
}

function defaultPrivilegesQuery({ pattern }: DescribeRequest, { database }: DescribeContext): string {
  const kinds = { r: 'table', S: 'sequence', f: 'function', T: 'type', n: 'schema', L: 'large object' };
  const columns = selectList([
    ['Owner', 'pg_catalog.pg_get_userbyid(d.defaclrole)'],
    ['Schema', 'n.nspname'],
    ['Type', words('d.defaclobjtype', kinds)],
    ['Access privileges', privileges('d.defaclacl')],
  ]);
  const target = {
    name: 'n.nspname',
    alternative: 'pg_catalog.pg_get_userbyid(d.defaclrole)',
    parts: 3,
  } as const;
  return `select ${columns}
from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
where ${patternCondition(pattern, target, database)} order by 1, 2, 3`;
}

function languagesQuery(
  { pattern, verbose, system }: DescribeRequest,
  { database }: DescribeContext,
): string {
  const columns = selectList([
    ['Name', 'l.lanname'],
    ['Owner', 'pg_catalog.pg_get_userbyid(l.lanowner)'],
    ['Trusted', 'l.lanpltrusted'],
    verbose ? ['Internal language', 'not l.lanispl'] : undefined,
    verbose ? ['Call handler', 'l.lanplcallfoid::pg_catalog.regprocedure'] : undefined,
    verbose ? ['Validator', 'l.lanvalidator::pg_catalog.regprocedure'] : undefined,
    verbose ? ['Inline handler', 'l.laninline::pg_catalog.regprocedure'] : undefined,
    verbose ? ['Access privileges', privileges('l.lanacl')] : undefined,
    ['Description', "pg_catalog.obj_description(l.oid, 'pg_language')"],
  ]);
  const condition = patternCondition(pattern, { name: 'l.lanname', parts: 2 }, database);
  const own = system || pattern !== undefined ? '' : 'and l.lanplcallfoid <> 0';
  return `select ${columns} from pg_catalog.pg_language l where ${condition} ${own} order by 1`;
}

function eventTriggersQuery({ pattern, verbose }: DescribeRequest, { database }: DescribeContext): string {
  const columns = selectList([
    ['Name', 'e.evtname'],
    ['Event', 'e.evtevent'],
    ['Owner', 'pg_catalog.pg_get_userbyid(e.evtowner)'],
    ['Enabled', words('e.evtenabled', { O: 'enabled', R: 'replica', A: 'always', D: 'disabled' })],
    ['Function', 'e.evtfoid::pg_catalog.regproc'],
    ['Tags', "pg_catalog.array_to_string(e.evttags, ', ')"],
    verbose ? ['Description', "pg_catalog.obj_description(e.oid, 'pg_event_trigger')"] : undefined,
  ]);
  const condition = patternCondition(pattern, { name: 'e.evtname', parts: 1 }, database);
  return `select ${columns} from pg_catalog.pg_event_trigger e where ${condition} order by 1`;
}

function wrappersQuery({ pattern, verbose }: DescribeRequest, { database }: DescribeContext): string {
  const columns = selectList([
    ['Name', 'w.fdwname'],
    ['Owner', 'pg_catalog.pg_get_userbyid(w.fdwowner)'],
    ['Handler', 'w.fdwhandler::pg_catalog.regproc'],
    ['Validator', 'w.fdwvalidator::pg_catalog.regproc'],
    verbose ? ['Access privileges', privileges('w.fdwacl')] : undefined,
    verbose ? ['FDW options', optionList('w.fdwoptions')] : undefined,
    verbose ? ['Description', "pg_catalog.obj_description(w.oid, 'pg_foreign_data_wrapper')"] : undefined,
  ]);
  const condition = patternCondition(pattern, { name: 'w.fdwname', parts: 1 }, database);
  return `select ${columns} from pg_catalog.pg_foreign_data_wrapper w where ${condition} order by 1`;
}

function serversQuery({ pattern, verbose }: DescribeRequest, { database }: DescribeContext): string {
  const columns = selectList([
    ['Name', 's.srvname'],
    ['Owner', 'pg_catalog.pg_get_userbyid(s.srvowner)'],
    ['Foreign-data wrapper', 'w.fdwname'],
    verbose ? ['Access privileges', privileges('s.srvacl')] : undefined,
    verbose ? ['Type', 's.srvtype'] : undefined,
    verbose ? ['Version', 's.srvversion'] : undefined,
    verbose ? ['FDW options', optionList('s.srvoptions')] : undefined,
    verbose ? ['Description', "pg_catalog.obj_description(s.oid, 'pg_foreign_server')"] : undefined,
  ]);
  const condition = patternCondition(pattern, { name: 's.srvname', parts: 1 }, database);
  return `select ${columns}
from pg_catalog.pg_foreign_server s join pg_catalog.pg_foreign_data_wrapper w on w.oid = s.srvfdw
where ${condition} order by 1`;
}

function foreignTablesQuery({ pattern, verbose }: DescribeRequest, { database }: DescribeContext): string {
  const columns = selectList([
    ['Schema', 'n.nspname'],
    ['Table', 'c.relname'],
    ['Server', 's.srvname'],
    verbose ? ['FDW options', optionList('f.ftoptions')] : undefined,
    verbose ? ['Description', "pg_catalog.obj_description(c.oid, 'pg_class')"] : undefined,
  ]);
  const target = {
    schema: 'n.nspname',
    name: 'c.relname',
    visible: 'pg_catalog.pg_table_is_visible(c.oid)',
    parts: 3,
  } as const;
  return `select ${columns}
from pg_catalog.pg_foreign_table f
  join pg_catalog.pg_class c on c.oid = f.ftrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_foreign_server s on s.oid = f.ftserver
where ${patternCondition(pattern, target, database)} order by 1, 2`;
}
