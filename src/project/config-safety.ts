import { statSync } from 'node:fs';
import { platform, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { DayboardError } from './errors.ts';

const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ALL = 0o002;
const STICKY = 0o1000;

/** What of a file's status decides who can write it. */
export interface Ownership {
  mode: number;
  uid: number;
  gid: number;
}

/**
 * Refuses to run a config file that somebody else could have written: a config is code, and it runs with the
 * operator's access to the database. Windows has no such modes; its files are taken as they are.
 * @throws DayboardError 'config.unsafe' that says what to change
 */
export function assertSafe(file: string): void {
  if (platform() === 'win32') return;
  const reason = whyUnsafe(statSync(file), statSync(dirname(file)), userInfo().uid);
  if (reason === undefined) return;
  const target = reason.of === 'file' ? file : dirname(file);
  throw new DayboardError({
    code: 'config.unsafe',
    kind: 'usage',
    message: `${file} was not run: ${reason.why}, and a config runs as code with your access to the database.`,
    facts: { file },
    next:
      reason.fix === 'mode'
        ? `If its contents are right, run: chmod go-w '${target.replaceAll("'", "'\\''")}'`
        : 'Move it to a folder of your own, or have it belong to you.',
  });
}

/** Why others could have written a file, by its own and its folder's status; undefined when only its owner could. */
export function whyUnsafe(
  file: Ownership,
  folder: Ownership,
  me: number,
): { why: string; of: 'file' | 'folder'; fix: 'mode' | 'owner' } | undefined {
  if (othersCanWrite(file)) return { why: 'other users can write it', of: 'file', fix: 'mode' };
  if (!othersCanWrite(folder)) return undefined;
  if ((folder.mode & STICKY) === 0) {
    return { why: 'other users can write its folder and so replace it', of: 'folder', fix: 'mode' };
  }
  // In /tmp and the like nobody can replace a file of mine, but anybody can put one of theirs there.
  if (file.uid === me || file.uid === 0) return undefined;
  return { why: 'it belongs to another user in a folder that all can write', of: 'file', fix: 'owner' };
}

/** A group with the owner's own number is the owner alone: systems with such groups make files group-writable. */
function othersCanWrite({ mode, uid, gid }: Ownership): boolean {
  return (mode & WRITABLE_BY_ALL) !== 0 || ((mode & WRITABLE_BY_GROUP) !== 0 && gid !== uid);
}
