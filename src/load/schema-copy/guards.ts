import { randomBytes } from 'node:crypto';
import type { ClientBase } from 'pg';
import { qualified } from '../../ledger/sql.ts';
import { DayboardError } from '../../project/errors.ts';
import type { SchemaCopy } from '../../project/model.ts';

/** Both ends of a copy, each with a connection and what it is called. */
export interface Ends {
  source: ClientBase;
  from: string;
  target: ClientBase;
  into: string;
}

/**
 * Makes sure that a copy does not replace what it reads, nor a database that must never be replaced.
 * @throws 'copy.same-database' and 'copy.production' (refused)
 */
export async function requireAnother(copy: SchemaCopy, ends: Ends): Promise<void> {
  const { from, into, target } = ends;
  if (placeOf(from) === placeOf(into) || (await isSameDatabase(ends))) {
    throw new DayboardError({
      code: 'copy.same-database',
      kind: 'refused',
      message: `Source and target of the copy ${copy.name} are one database (${into}). Nothing was changed.`,
      facts: { copy: copy.name, from, into },
      next: 'Correct the two URLs: the target is the one whose tables are replaced.',
    });
  }
  const named = copy.never.named.find((text) => into.includes(text));
  if (named !== undefined) throw production(copy, into, `its address has "${named}" in it`);
  const { having } = copy.never;
  if (having === undefined) return;
  const [first = '', second] = having.split('.');
  const relation = second === undefined ? { schema: 'public', name: first } : { schema: first, name: second };
  const found = await target.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
    qualified(relation),
  ]);
  if (found.rows[0]?.there === true) throw production(copy, into, `it has the table ${having}`);
}

function placeOf(display: string): string {
  return display.slice(display.indexOf('@') + 1);
}

/** A lock that is taken in one database is seen in the same one, whatever host name or pooler leads there. */
async function isSameDatabase({ source, target }: Ends): Promise<boolean> {
  const key = randomBytes(8).readBigInt64BE().toString();
  await source.query('SELECT pg_advisory_lock($1)', [key]);
  try {
    const found = await target.query<{ seen: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (classid::bigint << 32 | objid::bigint) = $1::bigint) AS seen`,
      [key],
    );
    return found.rows[0]?.seen === true;
  } finally {
    await source.query('SELECT pg_advisory_unlock($1)', [key]);
  }
}

function production(copy: SchemaCopy, into: string, why: string): DayboardError {
  return new DayboardError({
    code: 'copy.production',
    kind: 'refused',
    message: `The target of the copy ${copy.name}, ${into}, must never be replaced: ${why}. Nothing was changed.`,
    facts: { copy: copy.name, into },
    next: 'Check that the two URLs are not exchanged.',
  });
}
