import type { Described, DescribeContext, DescribeRequest } from './describe-context.ts';
import { patternCondition } from './pattern.ts';
import { printTable } from './print.ts';

/** `\dx+`: the objects of each extension. */
export async function listExtensionContents(
  { pattern }: DescribeRequest,
  context: DescribeContext,
): Promise<Described> {
  const condition = patternCondition(pattern, { name: 'e.extname', parts: 1 }, context.database);
  const extensions = await context.query(
    `select e.extname, e.oid from pg_catalog.pg_extension e where ${condition} order by 1`,
  );
  if (extensions.rows.length === 0) {
    const error =
      pattern === undefined
        ? 'Did not find any extensions.'
        : `Did not find any extension named "${pattern}".`;
    return { output: '', ...(context.quiet ? {} : { error }), failed: true };
  }
  let output = '';
  for (const [name, oid] of extensions.rows) {
    const objects =
      await context.query(`select pg_catalog.pg_describe_object(classid, objid, 0) as "Object description"
from pg_catalog.pg_depend
where refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and refobjid = ${oid ?? '0'} and deptype = 'e'
order by 1`);
    output += printTable({ ...objects, title: `Objects in extension "${name ?? ''}"` }, context.settings);
  }
  return { output, failed: false };
}
