/** What a declared PostgreSQL type means for days and for sorting. */
export type TypeFamily = 'date' | 'timestamptz' | 'timestamp' | 'text' | 'sortable' | 'other';

/** The family of a type as it is declared: 'timestamp(3) with time zone', 'varchar(20)', 'int'. */
export function typeFamily(type: string): TypeFamily {
  const bare = type
    .toLowerCase()
    .replace(/\([^)]*\)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (bare === 'date') return 'date';
  if (bare === 'timestamptz' || bare === 'timestamp with time zone') return 'timestamptz';
  if (bare === 'timestamp' || bare === 'timestamp without time zone') return 'timestamp';
  if (/^(text|varchar|character varying|char|character|bpchar)$/.test(bare)) return 'text';
  if (
    /^(smallint|int2|integer|int|int4|bigint|int8|numeric|decimal|real|float4|double precision|float8|boolean|bool|uuid)$/.test(
      bare,
    )
  )
    return 'sortable';
  return 'other';
}
