import { type RelationSize, unusedIndexes } from '../plan/sizes.ts';
import type { Details } from './details.ts';
import { matches } from './filter.ts';
import { bytes, count, plural } from './format.ts';
import type { ConsoleState } from './state.ts';

/** What takes room on the server, as the sizes screen lists it. */
export function sizeRows(state: ConsoleState): RelationSize[] {
  const filter = state.filters.sizes ?? '';
  return (state.sizes?.relations ?? []).filter((relation) => matches(filter, filterText(relation)));
}

function filterText(relation: RelationSize): string {
  const unused = unusedIndexes(relation).length > 0 ? 'never used' : '';
  return `${relation.relation} ${relation.kind} ${relation.of ?? ''} ${unused}`;
}

/** A relation with every index and every part. */
export function sizeDetails(relation: RelationSize): Details {
  const { indexes, parts } = relation;
  const unused = new Set(unusedIndexes(relation));
  return {
    title:
      relation.of === undefined ? relation.kind : `${relation.relation}, ${relation.kind} of ${relation.of}`,
    lines: [
      `rows: ${count(relation.rows)} (estimated), ${bytes(relation.tableBytes)}`,
      `indexes: ${bytes(relation.indexBytes)}`,
      ...indexes.flatMap((index) => [
        '',
        `${index.name}: ${bytes(index.bytes)}, ${unused.has(index) ? 'never used' : plural(index.scans, 'scan')}`,
        `  ${index.definition}${index.needed ? ', keeps the key' : ''}`,
        ...(index.lastUsed === undefined ? [] : [`  last used ${index.lastUsed}`]),
      ]),
      ...(parts.length === 0 ? [] : ['', plural(parts.length, 'part')]),
      ...parts.map((part) => `${part.name}: ${count(part.rows)} rows, ${bytes(part.bytes)}`),
    ],
  };
}
