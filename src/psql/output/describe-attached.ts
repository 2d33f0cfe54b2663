import type { DescribeContext } from './describe-context.ts';
import type { Relation } from './describe-relation.ts';

type Row = ReadonlyArray<string | null>;

/** Row security, with its policies. */
export async function policyFooters(relation: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select polname, polpermissive,
  case when polroles = '{0}' then null else pg_catalog.array_to_string(array(
    select rolname from pg_catalog.pg_roles where oid = any (polroles) order by 1), ',') end,
  pg_catalog.pg_get_expr(polqual, polrelid), pg_catalog.pg_get_expr(polwithcheck, polrelid),
  case polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' end
from pg_catalog.pg_policy where polrelid = ${relation.oid} order by 1`);
  const heading = policyHeading(relation, rows.length > 0);
  return heading === undefined ? [] : [heading, ...rows.map(policyText)];
}

function policyHeading({ rowSecurity, forceRowSecurity }: Relation, any: boolean): string | undefined {
  if (!rowSecurity) return any ? 'Policies (row security disabled):' : undefined;
  if (any) return forceRowSecurity ? 'Policies (forced row security enabled):' : 'Policies:';
  return forceRowSecurity
    ? 'Policies (forced row security enabled): (none)'
    : 'Policies (row security enabled): (none)';
}

function policyText([name, permissive, roles, using, check, command]: Row): string {
  return [
    `    POLICY "${name ?? ''}"`,
    permissive === 't' ? '' : ' AS RESTRICTIVE',
    given(command, (word) => ` FOR ${word}`),
    given(roles, (names) => `\n      TO ${names}`),
    given(using, (expression) => `\n      USING (${expression})`),
    given(check, (expression) => `\n      WITH CHECK (${expression})`),
  ].join('');
}

/** Extended statistics objects. */
export async function statisticsFooters({ oid }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select stxnamespace::pg_catalog.regnamespace, stxname,
  'd' = any (stxkind), 'f' = any (stxkind), 'm' = any (stxkind),
  pg_catalog.pg_get_statisticsobjdef_columns(oid), stxrelid::pg_catalog.regclass, nullif(stxstattarget, -1)
from pg_catalog.pg_statistic_ext where stxrelid = ${oid}
order by stxnamespace::pg_catalog.regnamespace::pg_catalog.text, stxname`);
  const lines = rows.map(([schema, name, ndistinct, dependencies, mcv, columns, table, target]) => {
    const kinds = [
      ndistinct === 't' && 'ndistinct',
      dependencies === 't' && 'dependencies',
      mcv === 't' && 'mcv',
    ].filter((kind) => kind !== false);
    const some = kinds.length > 0 && kinds.length < 3 ? ` (${kinds.join(', ')})` : '';
    const start = `    "${schema ?? ''}.${name ?? ''}"${some} ON ${columns ?? ''} FROM ${table ?? ''}`;
    return start + given(target, (number) => `; STATISTICS ${number}`);
  });
  return lines.length === 0 ? [] : ['Statistics objects:', ...lines];
}

const RULE_GROUPS = [
  { heading: 'Rules:', enabled: 'O' },
  { heading: 'Disabled rules:', enabled: 'D' },
  { heading: 'Rules firing always:', enabled: 'A' },
  { heading: 'Rules firing on replica only:', enabled: 'R' },
] as const;

/** Rewrite rules; of a view all but the one that makes it a view. */
export async function ruleFooters({ oid, kind }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select ev_enabled,
  pg_catalog.substr(trim(trailing ';' from pg_catalog.pg_get_ruledef(oid, true)), length('CREATE RULE ') + 1)
from pg_catalog.pg_rewrite where ev_class = ${oid} ${kind === 'v' ? "and rulename <> '_RETURN'" : ''} order by rulename`);
  if (kind === 'v') return rows.length === 0 ? [] : ['Rules:', ...rows.map(([, text]) => ` ${text ?? ''}`)];
  return RULE_GROUPS.flatMap(({ heading, enabled }) => {
    const texts = rows.filter(([state]) => state === enabled).map(([, text]) => `    ${text ?? ''}`);
    return texts.length === 0 ? [] : [heading, ...texts];
  });
}

/** Publications that carry the relation, with their columns and conditions. */
export async function publicationFooters({ oid }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select p.pubname, null, null
from pg_catalog.pg_publication p
  join pg_catalog.pg_publication_namespace pn on pn.pnpubid = p.oid
  join pg_catalog.pg_class c on c.relnamespace = pn.pnnspid
where c.oid = ${oid} and pg_catalog.pg_relation_is_publishable(${oid})
union
select p.pubname, pg_catalog.pg_get_expr(r.prqual, r.prrelid),
  (select pg_catalog.string_agg(a.attname, ', ') from pg_catalog.unnest(r.prattrs::pg_catalog.int2[]) with ordinality k(n, at)
     join pg_catalog.pg_attribute a on a.attrelid = r.prrelid and a.attnum = k.n)
from pg_catalog.pg_publication p join pg_catalog.pg_publication_rel r on r.prpubid = p.oid
where r.prrelid = ${oid}
union
select pubname, null, null
from pg_catalog.pg_publication where puballtables and pg_catalog.pg_relation_is_publishable(${oid})
order by 1`);
  const lines = rows.map(
    ([name, condition, columns]) =>
      `    "${name ?? ''}"${given(columns, (names) => ` (${names})`)}${given(condition, (text) => ` WHERE ${text}`)}`,
  );
  return lines.length === 0 ? [] : ['Publications:', ...lines];
}

/** By whether they are internal (of constraints; only shown when disabled) and when they fire. */
const TRIGGER_GROUPS: ReadonlyArray<{
  heading: string;
  fits: (enabled: string, internal: boolean) => boolean;
}> = [
  { heading: 'Triggers:', fits: (enabled) => enabled === 'O' || enabled === 't' },
  { heading: 'Disabled user triggers:', fits: (enabled, internal) => 'Df'.includes(enabled) && !internal },
  { heading: 'Disabled internal triggers:', fits: (enabled, internal) => 'Df'.includes(enabled) && internal },
  { heading: 'Triggers firing always:', fits: (enabled) => enabled === 'A' },
  { heading: 'Triggers firing on replica only:', fits: (enabled) => enabled === 'R' },
];

/** Triggers. */
export async function triggerFooters({ oid }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } =
    await context.query(`select t.tgenabled, t.tgisinternal, pg_catalog.pg_get_triggerdef(t.oid, true),
  case when t.tgparentid <> 0 then
    (select u.tgrelid::pg_catalog.regclass
       from pg_catalog.pg_trigger u, pg_catalog.pg_partition_ancestors(t.tgrelid) with ordinality as a(relid, depth)
      where u.tgname = t.tgname and u.tgrelid = a.relid and u.tgparentid = 0
      order by a.depth limit 1) end
from pg_catalog.pg_trigger t
where t.tgrelid = ${oid} and (not t.tgisinternal or t.tgenabled = 'D')
order by t.tgname`);
  return TRIGGER_GROUPS.flatMap(({ heading, fits }) => {
    const texts = rows
      .filter(([enabled, internal]) => fits(enabled ?? '', internal === 't'))
      .map(triggerText);
    return texts.length === 0 ? [] : [heading, ...texts];
  });
}

function triggerText([, , definition, parent]: Row): string {
  const text = definition ?? '';
  const start = text.indexOf(' TRIGGER ');
  const shown = start < 0 ? text : text.slice(start + ' TRIGGER '.length);
  return `    ${shown}${given(parent, (table) => `, ON TABLE ${table}`)}`;
}

function given(value: string | null | undefined, text: (value: string) => string): string {
  return value === null || value === undefined || value === '' ? '' : text(value);
}
