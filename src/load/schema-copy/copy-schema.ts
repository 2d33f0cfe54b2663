import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../project/environment.ts';
import type { CopyPlan } from '../../plan/copy.ts';
import { DayboardError } from '../../project/errors.ts';
import type { SchemaCopy } from '../../project/model.ts';
import { printable } from '../../source/errors.ts';
import { type Ends, requireAnother } from './guards.ts';
import { countRows, ensureExtensions, mendColumns, tablesOf } from './tables.ts';
import { findTools, plain, runProgram, type Tools } from './tools.ts';
import { type RestoreError, restoreErrors } from './verdict.ts';

export interface CopyOptions extends Ends {
  copy: SchemaCopy;
  /** Our own environment: where programs are found. */
  environment: Environment;
  /** libpq variables that lead to each database, its password included: never an argument. */
  sourceVariables: Readonly<Record<string, string>>;
  targetVariables: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

export interface CopyReport {
  tables: number;
  rows: number;
  bytes: number;
  /** Errors of pg_restore that leave the tables whole. */
  harmless: string[];
  /** Extensions that neither database has. */
  left: string[];
}

/** What a copy would do, once nothing stands in its way. Reads only. @throws what copySchema throws before it begins */
export async function planCopy(options: CopyOptions): Promise<CopyPlan> {
  const { copy, from, into } = options;
  await requireAnother(copy, options);
  const tools = await toolsFor(options);
  const { tables, excluded } = await tablesOf(options.source, copy);
  return {
    name: copy.name,
    schema: copy.schema,
    from,
    into,
    tables,
    excluded,
    tool: `pg_dump ${tools.major}`,
  };
}

/**
 * Replaces the tables of a schema at the target by those of the source, as they are in one snapshot of it. Tables that
 * are at the target alone stay. Afterwards the tables and their rows are counted on both sides.
 *
 * @throws 'copy.same-database', 'copy.production', 'copy.tools', 'copy.extension' (refused, nothing was replaced);
 *   'copy.dump' (nothing was replaced); 'copy.restore' and 'copy.count' (some tables may be replaced and others not)
 */
export async function copySchema(
  options: CopyOptions,
  onPhase: (phase: string) => void,
): Promise<CopyReport> {
  const { copy, source, target } = options;
  await requireAnother(copy, options);
  const tools = await toolsFor(options);
  const directory = await mkdtemp(join(tmpdir(), 'dayboard-copy-'));
  const file = join(directory, 'schema.dump');
  try {
    await source.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { tables } = await tablesOf(source, copy);
    const expected = await countRows(source, copy, tables);
    await dump(options, tools, file, onPhase);
    const left = await ensureExtensions(copy, source, target);
    await source.query('COMMIT');
    const errors = await restore(options, tools, file, onPhase);
    await mendColumns(target, copy);
    onPhase('counting');
    await requireSame(options, expected, await countRows(target, copy, tables));
    return {
      tables: tables.length,
      rows: [...expected.values()].reduce((sum, rows) => sum + rows, 0),
      bytes: (await stat(file)).size,
      harmless: errors.map(({ text }) => text),
      left,
    };
  } finally {
    await source.query('ROLLBACK').catch(() => undefined);
    await rm(directory, { recursive: true, force: true });
  }
}

async function toolsFor({ environment, source, target }: CopyOptions): Promise<Tools> {
  const [from, into] = [await majorOf(source), await majorOf(target)];
  return findTools(environment, { source: from, target: into });
}

async function majorOf(client: Ends['source']): Promise<number> {
  const found = await client.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS version`,
  );
  return found.rows[0]?.version ?? 0;
}

async function dump(
  { copy, source, sourceVariables, environment, signal }: CopyOptions,
  tools: Tools,
  file: string,
  onPhase: (phase: string) => void,
): Promise<void> {
  const snapshot = await source.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
  const exclude = copy.exclude.map((name) => `--exclude-table=${pattern(copy.schema)}.${pattern(name)}`);
  const { code, lines } = await runProgram({
    program: tools.dump,
    args: [
      '--format=custom',
      '--verbose',
      '--no-owner',
      '--no-privileges',
      '--no-comments',
      `--schema=${pattern(copy.schema)}`,
      ...exclude,
      `--snapshot=${snapshot.rows[0]?.id ?? ''}`,
      `--file=${file}`,
    ],
    environment: { ...plain(environment), ...sourceVariables },
    signal,
    onLine: (line) => {
      const table = /^pg_dump: dumping contents of table "(.*)"$/.exec(line)?.[1];
      if (table !== undefined) onPhase(`dumping ${printable(table)}`);
    },
  });
  if (code === 0) return;
  throw new DayboardError({
    code: 'copy.dump',
    message: `pg_dump of the source of ${copy.name} failed: ${errorsIn(lines)}.`,
    facts: { copy: copy.name, exitCode: code },
    next: 'No table of the target was replaced. Correct what it says, and run it again.',
  });
}

async function restore(
  { copy, targetVariables, environment, signal }: CopyOptions,
  tools: Tools,
  file: string,
  onPhase: (phase: string) => void,
): Promise<RestoreError[]> {
  const { code, lines } = await runProgram({
    program: tools.restore,
    args: [
      '--clean',
      '--if-exists',
      '--verbose',
      '--no-owner',
      '--no-privileges',
      // It connects to none without; what it is given is read as a connection string.
      `--dbname=dbname='${(targetVariables['PGDATABASE'] ?? '').replaceAll(/['\\]/g, '\\$&')}'`,
      file,
    ],
    environment: { ...plain(environment), ...targetVariables },
    signal,
    onLine: (line) => {
      const table = /^pg_restore: processing data for table "(.*)"$/.exec(line)?.[1];
      if (table !== undefined) onPhase(`restoring ${printable(table)}`);
    },
  });
  const errors = restoreErrors(lines);
  const fatal = errors.filter(({ harmless }) => !harmless);
  // It ends with 1 after errors that it went on after; with one and without errors it ended before its time.
  if (fatal.length === 0 && (code === 0 || (code === 1 && errors.length > 0))) return errors;
  const told = fatal.slice(0, 3).map(({ text }) => printable(text));
  throw new DayboardError({
    code: 'copy.restore',
    message: `pg_restore into the target of ${copy.name} failed: ${told.join('; ') || errorsIn(lines)}${fatal.length > 3 ? `; and ${fatal.length - 3} more` : ''}.`,
    facts: { copy: copy.name, exitCode: code, fatal: fatal.length, harmless: errors.length - fatal.length },
    next: 'Some tables may be replaced and others not, or be empty. Correct what it says, and run it again: it replaces them all.',
  });
}

/** A name in pg_dump's pattern language, meaning that name and no other. */
function pattern(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function errorsIn(lines: readonly string[]): string {
  const errors = lines.filter((line) => /\berror\b|FATAL|ERROR/.test(line)).slice(0, 3);
  const told = errors.length > 0 ? errors : lines.slice(-1);
  return told.map((line) => printable(line)).join('; ') || 'it said nothing';
}

async function requireSame(
  { copy, into }: CopyOptions,
  expected: ReadonlyMap<string, number>,
  there: ReadonlyMap<string, number>,
): Promise<void> {
  const other = [...expected].filter(([name, rows]) => there.get(name) !== rows);
  if (other.length === 0) return;
  const told = other
    .slice(0, 3)
    .map(([name, rows]) => `${name} (${rows} at the source, ${there.get(name) ?? 'no table'} here)`);
  throw new DayboardError({
    code: 'copy.count',
    message: `After the copy ${copy.name}, ${other.length} table${other.length === 1 ? ' has' : 's have'} other rows in ${into}: ${told.join(', ')}.`,
    facts: { copy: copy.name, tables: other.length },
    next: 'Run it again; if it happens again, somebody else writes to these tables of the target.',
  });
}
