import { DayboardError } from '../project/errors.ts';
import { printable, systemCode, UNCHANGED } from './errors.ts';

/** A failure of the cache's disk as a DayboardError; 'source.disk-full' when there is no room. */
export function cacheError(thrown: unknown, directory: string): DayboardError {
  if (thrown instanceof DayboardError) return thrown;
  const code = systemCode(thrown) ?? 'unknown';
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(directory, {}, thrown);
  return new DayboardError({
    code: 'source.cache',
    message: `The cache in ${printable(directory)} cannot be used (${code}).`,
    facts: { directory: printable(directory), reason: code },
    next: `Make it writable for this user, or set DAYBOARD_CACHE_DIR to another directory. ${UNCHANGED}`,
    cause: thrown,
  });
}

/** `room`: bytes, as far as they are known. */
export function diskFull(
  directory: string,
  room: { neededBytes?: number; freeBytes?: number },
  cause?: unknown,
): DayboardError {
  const { neededBytes, freeBytes } = room;
  const numbers =
    neededBytes === undefined || freeBytes === undefined
      ? ''
      : `: ${neededBytes} bytes are needed, ${freeBytes} are free`;
  return new DayboardError({
    code: 'source.disk-full',
    message: `The disk with the cache in ${printable(directory)} is full${numbers}.`,
    facts: { directory: printable(directory), ...room },
    next: `Free space there, or set DAYBOARD_CACHE_DIR to another disk; the next try goes on where this one stopped. ${UNCHANGED}`,
    cause,
  });
}

/** Something in the cache's place is not ours to use. */
export function cacheRefused(path: string, why: string): DayboardError {
  return new DayboardError({
    code: 'source.cache',
    kind: 'refused',
    message: `The cache does not use ${printable(path)}: ${why}.`,
    facts: { directory: printable(path) },
    next: `Remove it, or set DAYBOARD_CACHE_DIR to a directory of this user. ${UNCHANGED}`,
  });
}
