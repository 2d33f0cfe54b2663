import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../project/package-root.ts';

/**
 * One statement of a system, from sql/SYSTEM/NAME.sql, without its closing semicolon.
 * @param values texts that stand for `:'name'` in it, as string constants (the notation of psql variables)
 */
export function sqlText(system: string, name: string, values: Record<string, string> = {}): string {
  const text = readFileSync(join(packageRoot(), 'sql', system, `${name}.sql`), 'utf8');
  return text
    .trim()
    .replace(/;$/, '')
    .replaceAll(/:'(\w+)'/g, (whole, variable: string) => {
      const value = values[variable];
      return value === undefined ? whole : `'${value.replaceAll("'", "''")}'`;
    });
}
