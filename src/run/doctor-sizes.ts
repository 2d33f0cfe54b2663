import type pg from 'pg';
import { readSizes } from '../ledger/sizes.ts';
import { bytesOf, type IndexSize, type RelationSize, unusedIndexes } from '../plan/sizes.ts';
import type { Project } from '../project/model.ts';
import type { DoctorFinding } from './workspace.ts';

/** So many are named. */
const NAMED = 5;
const MEGABYTE = 1024 * 1024;
/** Indexes that take less, over all partitions, are not worth a word. */
const LITTLE = 8 * MEGABYTE;

/** What the project's tables and indexes take, and indexes that nothing ever used. Waits for no lock. */
export async function* examineSizes(client: pg.Client, project: Project): AsyncIterable<DoctorFinding> {
  const { since, relations } = await readSizes(client, project);
  const ours = relations.filter(({ of }) => of !== undefined);
  if (ours.length === 0) return;
  const biggest = ours.slice(0, NAMED).map((each) => `${each.relation} ${pretty(bytesOf(each))}`);
  yield {
    verdict: 'pass',
    subject: 'Sizes',
    message: `${ours.length === 1 ? '1 relation takes' : `${ours.length} relations take`} ${pretty(sum(ours, bytesOf))}, ${pretty(sum(ours, ({ indexBytes }: RelationSize) => indexBytes))} of it indexes, as of their last analyze. The biggest: ${biggest.join(', ')}.`,
  };
  const unused = ours.flatMap(unusedIndexes).filter(({ bytes }) => bytes >= LITTLE);
  if (unused.length === 0) return;
  const counted = since === undefined ? '' : ` since ${since.slice(0, 10)}`;
  const many = unused.length > 1;
  const taken = pretty(sum(unused, ({ bytes }: IndexSize) => bytes));
  yield {
    verdict: 'warn',
    subject: 'Unused indexes',
    message: `${unused.length} index${many ? 'es were' : ' was'} never used${counted} on this server and take${many ? '' : 's'} ${taken}: ${unused.map(({ name, bytes }) => `${name} ${pretty(bytes)}`).join(', ')}.`,
    next: 'Where nobody reads by them on a replica either, leave them out of the definition and drop them with DROP INDEX CONCURRENTLY: each is kept up to date by every load.',
  };
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((all, each) => all + of(each), 0);
}

function pretty(bytes: number): string {
  const megabytes = Math.round(bytes / MEGABYTE);
  return megabytes < 10_240 ? `${megabytes} MB` : `${Math.round(megabytes / 1024)} GB`;
}
