import { bytes, count, plural } from '../../console/format.ts';
import { bytesOf, type RelationSize, type Sizes, unusedIndexes } from '../../plan/sizes.ts';
import type { Paint } from './paint.ts';
import { second } from './plain.ts';
import { table, type TableCell } from './table.ts';

/** Relations, the largest first, each with its indexes; then what no query has asked. */
export function sizesText({ since, relations }: Sizes, paint: Paint): string[] {
  if (relations.length === 0) return ['Nothing is there yet.'];
  const { theme } = paint;
  const head = ['relation', 'of', 'rows', 'table', 'indexes', 'scans', 'what'];
  const rows = relations.flatMap((relation): TableCell[][] => [
    [
      { text: relation.relation, style: theme.strong },
      relation.of ?? '',
      { text: count(relation.rows), align: 'right' },
      { text: bytes(relation.tableBytes), align: 'right' },
      { text: bytes(relation.indexBytes), align: 'right' },
      '',
      { text: whatText(relation), style: theme.muted },
    ],
    ...relation.indexes.map((index): TableCell[] => [
      { text: `  ${index.name}`, style: theme.muted },
      '',
      '',
      '',
      { text: bytes(index.bytes), align: 'right' },
      { text: count(index.scans), align: 'right', style: isUnused(relation, index.name) ? theme.warn : '' },
      { text: index.definition, style: theme.muted },
    ]),
  ]);
  const unused = relations.flatMap(unusedIndexes);
  const taken = relations.reduce((sum, relation) => sum + bytesOf(relation), 0);
  return [
    ...table([head.map((text) => ({ text, style: theme.muted })), ...rows], paint),
    '',
    `${bytes(taken)} in all. Scans are counted ${since === undefined ? 'since the server keeps statistics' : `since ${second(since)} UTC`}.`,
    ...(unused.length === 0
      ? []
      : [
          paint.text(
            `${plural(unused.length, 'index was', 'indexes were')} never used: ${unused.map(({ name }) => name).join(', ')}.`,
            theme.warn,
          ),
        ]),
  ];
}

function isUnused(relation: RelationSize, name: string): boolean {
  return unusedIndexes(relation).some((index) => index.name === name);
}

function whatText({ kind, parts }: RelationSize): string {
  return parts.length === 0 ? kind : `${kind}, ${plural(parts.length, 'part')}`;
}
