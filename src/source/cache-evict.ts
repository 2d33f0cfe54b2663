import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheError } from './cache-errors.ts';

/** What may stay; both hold when both are given. */
export interface EvictRule {
  /** This many bytes of objects at most. */
  keepBytes?: number;
  /** Objects that were used within this many days. */
  olderThanDays?: number;
}

/** What was removed. */
export interface Evicted {
  files: number;
  bytes: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WHOLE = /^[0-9a-f]{64}$/;
/** Parts of downloads that nobody has gone on with, and their states. */
const LEFTOVER = /^(?:[0-9a-f]{64}\.[0-9a-f]{16}\.|probe\.)/;

interface Entry {
  path: string;
  bytes: number;
  ageMs: number;
}

/**
 * Removes objects by the rule, those longest unused first, and unfinished downloads of more than a day ago. Files of
 * the last hour stay: a run may be about to read them. `now`: epoch milliseconds.
 */
export async function evict(directory: string, rule: EvictRule, now: number): Promise<Evicted> {
  try {
    const names = await readdir(directory);
    const entries = await lookAt(
      directory,
      names.filter((name) => WHOLE.test(name)),
      now,
    );
    const leftovers = await lookAt(
      directory,
      names.filter((name) => LEFTOVER.test(name)),
      now,
    );
    const removed = [...tooMany(entries, rule), ...leftovers.filter(({ ageMs }) => ageMs > DAY_MS)];
    for (const { path } of removed) await rm(path, { force: true });
    return { files: removed.length, bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0) };
  } catch (thrown) {
    throw cacheError(thrown, directory);
  }
}

function tooMany(entries: readonly Entry[], { keepBytes, olderThanDays }: EvictRule): Entry[] {
  let bytes = entries.reduce((sum, each) => sum + each.bytes, 0);
  const isTooMuch = (entry: Entry): boolean =>
    (keepBytes !== undefined && bytes > keepBytes) ||
    (olderThanDays !== undefined && entry.ageMs > olderThanDays * DAY_MS);
  return [...entries]
    .sort((a, b) => b.ageMs - a.ageMs)
    .filter((entry) => {
      if (entry.ageMs < HOUR_MS || !isTooMuch(entry)) return false;
      bytes -= entry.bytes;
      return true;
    });
}

async function lookAt(directory: string, names: readonly string[], now: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of names) {
    const path = join(directory, name);
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined) entries.push({ path, bytes: found.size, ageMs: now - found.mtimeMs });
  }
  return entries;
}
