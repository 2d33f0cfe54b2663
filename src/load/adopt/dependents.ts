export { type Dependent, readDependents, withPlainNames } from '../../rollup/dependents.ts';

/**
 * A value that changes with everything that a switch copies from a relation or writes anew: columns, owner, grants,
 * comments, indexes, and the views over it. SQL of type text.
 */
export function fingerprint(oid: string): string {
  const relation = `${oid}::oid`;
  return `md5(concat_ws('|',
    (SELECT concat_ws(',', relowner, relacl::text, relname, relnamespace, obj_description(oid, 'pg_class')) FROM pg_class WHERE oid = ${relation}),
    (SELECT string_agg(concat_ws(',', attname, atttypid, atttypmod, attnotnull, attacl::text, col_description(attrelid, attnum)), ';' ORDER BY attnum)
       FROM pg_attribute WHERE attrelid = ${relation} AND attnum > 0 AND NOT attisdropped),
    (SELECT string_agg(indexrelid::regclass::text, ';' ORDER BY indexrelid) FROM pg_index WHERE indrelid = ${relation}),
    (SELECT string_agg(concat_ws(',', r.ev_class, r.ev_type, pg_get_viewdef(r.ev_class), c.relowner, c.reloptions::text), ';' ORDER BY r.oid)
       FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
      WHERE r.oid IN (SELECT objid FROM pg_depend WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = ${relation}))))`;
}
