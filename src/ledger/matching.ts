import { ident } from './sql.ts';

/** A column that rows are matched by; a nullable one matches NULL with NULL. */
export interface MatchColumn {
  name: string;
  nullable: boolean;
}

/**
 * A join condition over these columns of two aliases, NULLs alike. PostgreSQL cannot hash IS NOT DISTINCT FROM, so a
 * nullable column is also compared as text with NULL spelled out: a hash join finds, the exact test decides.
 */
export function match(left: string, right: string, columns: readonly MatchColumn[]): string {
  return columns
    .map(({ name, nullable }) => {
      const [a, b] = [`${left}.${ident(name)}`, `${right}.${ident(name)}`];
      if (!nullable) return `${a} = ${b}`;
      return `coalesce(${a}::text, '') = coalesce(${b}::text, '') AND ${a} IS NOT DISTINCT FROM ${b}`;
    })
    .join(' AND ');
}
