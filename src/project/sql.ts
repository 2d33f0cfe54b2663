/** A quoted identifier: `a"b` becomes `"a""b"`. Throws on NUL, which no identifier can hold. */
export function ident(name: string): string {
  if (name.includes('\0')) throw new RangeError('an identifier cannot hold a NUL character');
  return `"${name.replaceAll('"', '""')}"`;
}

/** A quoted, schema-qualified relation. */
export function qualified(relation: { schema: string; name: string }): string {
  return `${ident(relation.schema)}.${ident(relation.name)}`;
}

/** A quoted string constant, for DDL that takes no parameters (partition bounds, COMMENT). */
export function literal(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** A comma list of quoted identifiers, each behind an optional alias: `a."x", a."y"`. */
export function columns(names: readonly string[], alias?: string): string {
  return names.map((name) => (alias === undefined ? ident(name) : `${alias}.${ident(name)}`)).join(', ');
}
