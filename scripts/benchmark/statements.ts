import { open, stat, writeFile } from 'node:fs/promises';
import { type Bench, withClient } from './bench.ts';
import { round } from './result.ts';

/** A statement that took long, as the server's log has it. */
export interface Statement {
  seconds: number;
  text: string;
}

/** What takes less says nothing. */
const LEAST_MILLISECONDS = 50;
const TEXT = 160;

/** Logs the statements that take long of all later connections to a database; with their plans when `explain`. */
export async function logStatements(bench: Bench, database: string, explain: boolean): Promise<void> {
  const settings: Record<string, string> = explain
    ? {
        session_preload_libraries: 'auto_explain',
        'auto_explain.log_min_duration': `${LEAST_MILLISECONDS}ms`,
        'auto_explain.log_analyze': 'on',
        'auto_explain.log_buffers': 'on',
      }
    : { log_min_duration_statement: `${LEAST_MILLISECONDS}ms` };
  await withClient(bench.postgres, 'postgres', async (client) => {
    for (const [name, value] of Object.entries(settings))
      await client.query(`ALTER DATABASE ${database} SET ${name} = '${value}'`);
  });
}

/** Does `work` and returns what the server logged meanwhile. */
export async function logOf<T>(bench: Bench, work: () => Promise<T>): Promise<{ result: T; log: string }> {
  const { size } = await stat(bench.postgres.log);
  const result = await work();
  const handle = await open(bench.postgres.log, 'r');
  try {
    const bytes = Buffer.alloc((await handle.stat()).size - size);
    await handle.read(bytes, 0, bytes.length, size);
    return { result, log: bytes.toString('utf8') };
  } finally {
    await handle.close();
  }
}

/** The statements of a log, the longest first. */
export function longestStatements(log: string, most: number): Statement[] {
  return log
    .split(/^(?=\d{4}-\d\d-\d\d )/m)
    .flatMap((entry) => {
      const found = /duration: (?<ms>[\d.]+) ms\s+(?:statement|execute [^:]*|plan): *(?<text>[\s\S]*)/.exec(
        entry,
      );
      const { ms, text } = found?.groups ?? {};
      if (ms === undefined || text === undefined) return [];
      return [
        { seconds: round(Number(ms) / 1000), text: text.replaceAll(/\s+/g, ' ').trim().slice(0, TEXT) },
      ];
    })
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, most);
}

export async function keepLog(file: string, log: string): Promise<void> {
  await writeFile(file, log, { flag: 'a' });
}
