import { describedColumns } from './describe-columns.ts';
import type { Described, DescribeContext, DescribeRequest } from './describe-context.ts';
import { relationFooters } from './describe-footers.ts';
import { type Relation, relationsOf, relationTitle } from './describe-relation.ts';
import { contentOf } from './content.ts';
import { printContent } from './print.ts';
import type { PrintSettings } from './result.ts';

/** `\d NAME`: every relation that the pattern names. */
export async function describeRelations(
  pattern: string,
  request: DescribeRequest,
  context: DescribeContext,
): Promise<Described> {
  const relations = await relationsOf(pattern, context);
  if (relations.length === 0) {
    const error = `Did not find any relation named "${pattern}".`;
    return { output: '', ...(context.quiet ? {} : { error }), failed: true };
  }
  let output = '';
  for (const relation of relations) output += await describeRelation(relation, request.verbose, context);
  return { output, failed: false };
}

async function describeRelation(
  relation: Relation,
  verbose: boolean,
  context: DescribeContext,
): Promise<string> {
  const uncounted: PrintSettings = { ...context.settings, footer: false };
  if (relation.kind === 'S') return describeSequence(relation, context, uncounted);
  // A list of columns is never expanded; psql finds that confusing.
  const settings: PrintSettings = { ...uncounted, expanded: false };
  const { headers, rows } = await describedColumns(relation, verbose, context);
  const footers = await relationFooters(relation, verbose, context);
  const aligns = headers.map(() => 'left' as const);
  return printContent({ title: relationTitle(relation), headers, aligns, rows, footers }, settings);
}

async function describeSequence(
  relation: Relation,
  context: DescribeContext,
  settings: PrintSettings,
): Promise<string> {
  const properties =
    await context.query(`select pg_catalog.format_type(seqtypid, null) as "Type", seqstart as "Start",
  seqmin as "Minimum", seqmax as "Maximum", seqincrement as "Increment",
  case when seqcycle then 'yes' else 'no' end as "Cycles?", seqcache as "Cache"
from pg_catalog.pg_sequence where seqrelid = ${relation.oid}`);
  const owner = await context.query(`select d.deptype,
  pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) || '.' || pg_catalog.quote_ident(a.attname)
from pg_catalog.pg_depend d
  join pg_catalog.pg_class c on c.oid = d.refobjid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  and d.objid = ${relation.oid} and d.deptype in ('a', 'i')`);
  const footers = owner.rows.map(([type, column]) =>
    type === 'a' ? `Owned by: ${column ?? ''}` : `Sequence for identity column: ${column ?? ''}`,
  );
  const content = contentOf({ ...properties, title: relationTitle(relation) }, settings);
  return printContent({ ...content, footers }, settings);
}
