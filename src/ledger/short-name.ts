import { createHash } from 'node:crypto';
import type { RelationName } from '../project/model.ts';

/** PostgreSQL cuts longer names, and two cut names may be one. */
const LONGEST_NAME = 63;

/**
 * The longest name of a table that is moved into a schema. The type of its rows' arrays has '_' before the name and is
 * cut too; two of one name cannot be in one schema, and to move a table does not choose another, as making it does.
 */
export const LONGEST_MOVED_NAME = LONGEST_NAME - 1;

/**
 * `start` and `end` as the name of a relation. Where that is too long for PostgreSQL, the start is cut and told from
 * others by a hash.
 */
export function shortName(start: string, end: string, longest = LONGEST_NAME): string {
  const room = longest - Buffer.byteLength(end);
  if (Buffer.byteLength(start) <= room) return start + end;
  const hash = createHash('sha256').update(start).digest('hex').slice(0, 12);
  const cut = Buffer.from(start)
    .subarray(0, room - hash.length - 1)
    .toString()
    .replaceAll('\ufffd', '');
  return `${cut}_${hash}${end}`;
}

/** A table of dayboard's own for something of a project: several projects may share a database. */
export function ownTable(
  kind: 'rollup' | 'shadow' | 'origin' | 'kept',
  project: string,
  name: string,
  end = '',
): RelationName {
  return { schema: 'dayboard', name: shortName(`${kind}_${project}_${name}`.replaceAll('-', '_'), end) };
}
