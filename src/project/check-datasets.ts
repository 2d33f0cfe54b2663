import { unitOf } from './period.ts';
import { nameOneOf, type Problems } from './problems.ts';
import type { Column, Dataset, Enrichment, Project } from './model.ts';

/** Looks at how the parts of each dataset fit together. */
export function checkDatasets(project: Project, problems: Problems): void {
  for (const [at, dataset] of project.datasets.entries()) {
    const here = problems.at('datasets', at);
    checkSource(dataset, project, here);
    checkSelect(dataset, project, here);
    checkFollows(dataset, here.at('follows'));
    checkColumns(dataset, here.at('table', 'columns'));
    checkFile(dataset, here.at('file'));
    checkCarries(dataset, here.at('carries'));
    checkPartitionBy(dataset, here.at('table', 'partitionBy'));
    checkIndexes(dataset, here.at('table'));
    checkDuplicates(dataset, here.at('duplicates'));
    checkSince(dataset, here.at('since'));
    checkFreshness(dataset, here.at('freshness', 'column'));
  }
  checkFilledTwice(project, problems);
}

const DATE = /^date$/i;
const INSTANT = /^timestamp(?:tz|(?: ?\(\d\))? with time zone)$|^timestamptz ?\(\d\)$/i;
const TIMESTAMP = /^timestamp(?: ?\(\d\))?(?: without time zone)?$/i;
const TEXTUAL = /^(?:text|citext|name|(?:varchar|char|character|bpchar)(?: varying)?(?: ?\(\d+\))?)$/i;

/** Whether rows have a day by a column of this type that does not depend on the session's time zone. */
export function hasDay(type: string): boolean {
  return DATE.test(type) || INSTANT.test(type);
}

function columnOf(dataset: Dataset, name: string, problems: Problems): Column | undefined {
  const known = dataset.table.columns.map((column) => column.name);
  const found = dataset.table.columns.find((column) => column.name === name);
  if (found === undefined) {
    const table = `the table "${dataset.table.name}" has no column "${name}"`;
    problems.add(table, nameOneOf(name, known));
  }
  return found;
}

function checkSource(dataset: Dataset, project: Project, problems: Problems): void {
  const known = Object.keys(project.sources);
  if (known.includes(dataset.source)) return;
  const what =
    dataset.source === '' ? 'names none of several sources' : `there is no source "${dataset.source}"`;
  problems.at('source').add(what, nameOneOf(dataset.source, known));
}

/** What a dataset needs of its source: a selection of a database, a key of everything else. */
function checkSelect(dataset: Dataset, project: Project, problems: Problems): void {
  const { select, carries } = dataset;
  const isDatabase = project.sources[dataset.source]?.kind === 'postgres';
  if (isDatabase && select === undefined)
    problems.at('select').add('is missing, and the source is a database', 'say what is read of it');
  if (!isDatabase && select !== undefined && project.sources[dataset.source] !== undefined)
    problems
      .at('select')
      .add('selects, and the source is no database', 'leave it out, or name another source');
  if (carries.kind === 'period' && carries.absent === 'kept' && carries.key === undefined)
    problems.at('carries', 'absent').add('needs a key: rows are kept by it', 'write carries.key');
  if (select === undefined) return;
  const headers = dataset.file.map(({ header }) => header);
  for (const part of ['time', 'id'] as const)
    if (!headers.includes(select[part]))
      problems.at('select', part).add(`"${select[part]}" is not read`, nameOneOf(select[part], headers));
  if (select.cleanup && !('schema' in select.from))
    problems.at('select', 'cleanup').add('deletes from a SELECT', 'name a table in `from`, or leave it out');
  if (select.cleanup && !(carries.kind === 'period' && carries.absent === 'kept'))
    problems
      .at('select', 'cleanup')
      .add('deletes what deliveries are loaded from', "write carries.absent: 'kept'");
}

function checkFollows(dataset: Dataset, problems: Problems): void {
  const { carries, follows = [] } = dataset;
  const seen = new Set<string>();
  for (const [at, { column, on }] of follows.entries()) {
    const here = problems.at(at);
    if (carries.kind !== 'period' || carries.key === undefined)
      here.add('changes rows that are told apart by no key', "write carries: { kind: 'period', key: […] }");
    if (columnOf(dataset, column, here.at('column'))?.value)
      here.at('column').add(`"${column}" is computed`, 'name a column of the file');
    if (seen.has(column)) here.at('column').add(`"${column}" follows another SELECT too`, 'make it one');
    seen.add(column);
    if ('key' in carries && carries.key?.includes(column))
      here.at('column').add(`"${column}" is part of the key`, 'name another column');
    for (const name of on) columnOf(dataset, name, here.at('on'));
  }
}

function checkColumns(dataset: Dataset, problems: Problems): void {
  if (dataset.table.columns.length === 0) problems.add('has no column', 'write the columns of the table');
  for (const column of dataset.table.columns) {
    const here = problems.at(column.name);
    if (column.name.startsWith('_')) {
      here.add('starts with "_", as dayboard\'s own columns do', 'choose another name');
    }
    if (/^\d+$/.test(column.name))
      here.add('is a whole number, which loses its place', 'choose another name');
    if (column.value) checkEnrichment(column, column.value, dataset, here);
    else if (!dataset.file.some((file) => file.column === column.name)) {
      here.add('neither the file nor a value fills it', 'add it to `file`, or say its `value`');
    }
  }
}

function checkEnrichment(column: Column, value: Enrichment, dataset: Dataset, problems: Problems): void {
  const wantsDate = value.kind === 'dayOf' || value.kind === 'deliveryDay';
  if (wantsDate && !DATE.test(column.type)) {
    problems.add(`${value.kind} gives a date, and its type is ${column.type}`, "write type: 'date'");
  }
  if (value.kind === 'firstMatch' && !TEXTUAL.test(column.type)) {
    problems.add(`firstMatch gives a text, and its type is ${column.type}`, "write type: 'text'");
  }
  if (value.kind === 'lookup') checkLookup(column, value.lookup, dataset, problems);
  if (value.kind !== 'firstMatch' && value.kind !== 'dayOf') return;
  const from = columnOf(dataset, value.column, problems);
  if (from?.value) {
    problems.add(
      `is computed from "${from.name}", which is computed itself`,
      'compute it from a column of the file',
    );
  }
  if (from && value.kind === 'dayOf' && !INSTANT.test(from.type)) {
    problems.add(
      `dayOf takes a timestamptz, and "${from.name}" is ${from.type}`,
      'name a timestamptz column',
    );
  }
}

function checkLookup(column: Column, name: string, dataset: Dataset, problems: Problems): void {
  const found = dataset.lookups?.find((each) => each.name === name);
  if (found === undefined) {
    const known = (dataset.lookups ?? []).map((each) => each.name);
    problems.add(`there is no lookup "${name}"`, nameOneOf(name, known));
    return;
  }
  if (!column.nullable)
    problems.add('is not nullable, and a lookup may find nothing', 'write nullable: true');
  for (const by of found.on)
    if (columnOf(dataset, by, problems)?.value?.kind === 'lookup')
      problems.add(`is looked up by "${by}", which is looked up itself`, 'look up by a column of the file');
}

function checkFile(dataset: Dataset, problems: Problems): void {
  const headers = new Set<string>();
  const filled = new Set<string>();
  for (const [at, { header, column }] of dataset.file.entries()) {
    const here = problems.at(at);
    if (headers.has(header)) here.add(`the header "${header}" stands twice`, 'leave one out');
    if (filled.has(column)) here.add(`a second file column fills "${column}"`, 'leave one out');
    headers.add(header);
    filled.add(column);
    const target = columnOf(dataset, column, here);
    if (target?.value) {
      here.add(`fills "${column}", which is computed`, 'take its `value` away, or fill another column');
    }
  }
}

function checkCarries(dataset: Dataset, problems: Problems): void {
  const { carries, table } = dataset;
  if (carries.kind === 'period') {
    const column = columnOf(dataset, carries.column, problems.at('column'));
    if (column && !hasDay(column.type)) {
      problems.at('column').add(`"${column.name}" is ${column.type}`, 'name a date or timestamptz column');
    }
  }
  const key = 'key' in carries ? carries.key : undefined;
  if (key === undefined) {
    if (table.keyIndex !== undefined) {
      problems
        .at('key')
        .add('is missing, and table.keyIndex names an index over it', 'write the key, or no keyIndex');
    }
    return;
  }
  for (const [at, name] of key.entries()) {
    const here = problems.at('key', at);
    const column = columnOf(dataset, name, here);
    if (key.indexOf(name) !== at) here.add(`"${name}" stands twice`, 'leave one out');
    if (column?.nullable && carries.kind !== 'period') {
      here.add(
        `"${name}" may be NULL, and NULL equals nothing`,
        'make it not nullable, or leave it out of the key',
      );
    }
  }
}

function checkPartitionBy(dataset: Dataset, problems: Problems): void {
  const { carries, table } = dataset;
  if (table.partitionBy === undefined) return;
  const column = columnOf(dataset, table.partitionBy, problems);
  if (column === undefined) return;
  if (!hasDay(column.type)) {
    problems.add(`"${column.name}" is ${column.type}`, 'name a date or timestamptz column');
  }
  if (column.nullable)
    problems.add(`"${column.name}" may be NULL`, 'make it not nullable: every row has its day');
  if ('key' in carries && carries.key && !carries.key.includes(column.name)) {
    problems.add(
      `"${column.name}" is not in the key, so PostgreSQL cannot keep the key unique over partitions`,
      'partition by a column of the key',
    );
  }
}

function checkIndexes(dataset: Dataset, problems: Problems): void {
  const known = dataset.table.columns.map((column) => column.name);
  for (const [at, index] of dataset.table.indexes.entries()) {
    for (const [position, part] of index.columns.entries()) {
      const name = plainColumn(part);
      if (name === undefined || known.includes(name)) continue;
      columnOf(dataset, name, problems.at('indexes', at, 'columns', position));
    }
  }
}

function checkDuplicates(dataset: Dataset, problems: Problems): void {
  if (dataset.duplicates.length > 0 && !('key' in dataset.carries && dataset.carries.key)) {
    problems.add('says which of two rows stands, and there is no key', 'write carries.key, or leave it out');
  }
  for (const [at, part] of dataset.duplicates.entries()) {
    const name = plainColumn(part);
    if (name !== undefined) columnOf(dataset, name, problems.at(at));
  }
}

/** The column of 'visit_ts DESC NULLS LAST'; undefined for an expression. */
function plainColumn(part: string): string | undefined {
  const match =
    /^(?:"((?:[^"]|"")+)"|([a-z_][a-z0-9_$]*))(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?$/i.exec(
      part.trim(),
    );
  return match?.[1]?.replaceAll('""', '"') ?? match?.[2];
}

function checkSince(dataset: Dataset, problems: Problems): void {
  if (dataset.since !== undefined && unitOf(dataset.since) !== dataset.period) {
    problems.add(
      `"${dataset.since}" is no ${dataset.period}`,
      `write the first ${dataset.period} at the source`,
    );
  }
}

function checkFreshness(dataset: Dataset, problems: Problems): void {
  if (dataset.freshness === undefined) return;
  const column = columnOf(dataset, dataset.freshness.column, problems);
  if (column && !hasDay(column.type) && !TIMESTAMP.test(column.type)) {
    problems.add(`"${column.name}" is ${column.type}`, 'name a date or timestamp column');
  }
}

function checkFilledTwice(project: Project, problems: Problems): void {
  const fillers = new Map<string, string>();
  for (const [at, { name, off, table }] of project.datasets.entries()) {
    if (off !== undefined) continue;
    const relation = `${table.schema}.${table.name}`;
    const other = fillers.get(relation);
    if (other !== undefined) {
      const fix = 'switch one of them `off` with its reason, or name another table';
      problems.at('datasets', at, 'table').add(`"${other}" fills ${relation} too`, fix);
    }
    fillers.set(relation, name);
  }
}
