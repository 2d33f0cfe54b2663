import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ScriptInput } from '../project/input.ts';
import { packageRoot } from '../project/package-root.ts';

/** The psql scripts that come with a system: sql/SYSTEM/scripts/NAME.sql, by name. Their headers describe them. */
export function systemScripts(system: string): ScriptInput[] {
  const folder = join(packageRoot(), 'sql', system, 'scripts');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({ name: basename(file, '.sql'), file: join(folder, file) }));
}
