import type { Described, DescribeContext, DescribeRequest } from './describe-context.ts';
import { patternCondition } from './pattern.ts';
import { printContent } from './print.ts';

type Row = ReadonlyArray<string | null>;

const YES = 't';

/** `\du` and `\dg`: roles with what they may do, in the columns of psql 15. */
export async function listRoles(
  { pattern, verbose, system }: DescribeRequest,
  context: DescribeContext,
): Promise<Described> {
  const condition = patternCondition(pattern, { name: 'r.rolname', parts: 1 }, context.database);
  const own = system || pattern !== undefined ? '' : "and r.rolname !~ '^pg_'";
  const { rows } =
    await context.query(`select r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb,
  r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolconnlimit, r.rolvaliduntil,
  array(select b.rolname from pg_catalog.pg_auth_members m join pg_catalog.pg_roles b on b.oid = m.roleid
         where m.member = r.oid),
  pg_catalog.shobj_description(r.oid, 'pg_authid')
from pg_catalog.pg_roles r where ${condition} ${own} order by 1`);
  const headers = ['Role name', 'Attributes', 'Member of', ...(verbose ? ['Description'] : [])];
  const content = {
    title: 'List of roles',
    headers,
    aligns: headers.map(() => 'left' as const),
    rows: rows.map((row) => {
      const [name, member, description] = [row[0] ?? '', row[10] ?? '', row[11] ?? ''];
      return [name, attributes(row), member, ...(verbose ? [description] : [])];
    }),
  };
  return { output: printContent(content, { ...context.settings, footer: false }), failed: false };
}

function attributes(row: Row): string {
  const [, superuser, inherit, createRole, createDb, login, replication, bypass, limit, until] = row;
  const words = [
    superuser === YES && 'Superuser',
    inherit !== YES && 'No inheritance',
    createRole === YES && 'Create role',
    createDb === YES && 'Create DB',
    login !== YES && 'Cannot login',
    replication === YES && 'Replication',
    bypass === YES && 'Bypass RLS',
  ].filter((word) => word !== false);
  const lines = [words.join(', ')].filter((line) => line !== '');
  const most = Number(limit ?? -1);
  if (most === 0) lines.push('No connections');
  if (most > 0) lines.push(`${most} connection${most === 1 ? '' : 's'}`);
  if (until !== null && until !== undefined) lines.push(`Password valid until ${until}`);
  return lines.join('\n');
}
