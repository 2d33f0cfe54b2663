import { ident } from './sql.ts';

/** A column that rows are matched by; a nullable one matches NULL with NULL. */
export interface MatchColumn {
  name: string;
  nullable: boolean;
  /** As declared: 'varchar', 'date'. */
  type: string;
}

const TEXT = /^(text|varchar|character varying|char|character|bpchar)\b/i;
const NUMBER = /^(smallint|int2|integer|int|int4|bigint|int8|numeric|decimal)\b/i;

/**
 * A join condition over these columns of two aliases, NULLs alike. PostgreSQL cannot hash IS NOT DISTINCT FROM, but it
 * can hash arrays, whose NULL elements are equal: the nullable columns are compared as arrays, those of like types in
 * one, because each condition more makes the planner expect fewer rows than there are.
 */
export function match(left: string, right: string, columns: readonly MatchColumn[]): string {
  const conditions: string[] = [];
  const arrays = new Map<string, string[]>();
  for (const { name, nullable, type } of columns) {
    if (!nullable) {
      conditions.push(`${left}.${ident(name)} = ${right}.${ident(name)}`);
      continue;
    }
    const cast = TEXT.test(type) ? '::text' : NUMBER.test(type) ? '::numeric' : '';
    const like = cast === '' ? name : cast;
    arrays.set(like, [...(arrays.get(like) ?? []), `${ident(name)}${cast}`]);
  }
  for (const list of arrays.values()) {
    const of = (alias: string) => `ARRAY[${list.map((each) => `${alias}.${each}`).join(', ')}]`;
    conditions.push(`${of(left)} = ${of(right)}`);
  }
  return conditions.join(' AND ');
}
