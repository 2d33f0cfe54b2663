import { hasDay } from './check-datasets.ts';
import { nameOneOf, type Problems } from './problems.ts';
import type { Project, Rollup } from './model.ts';

/** Looks at how rollups, views and checks fit to what they read. */
export function checkDerived(project: Project, problems: Problems): void {
  for (const [at, rollup] of project.rollups.entries())
    checkRollup(rollup, project, problems.at('rollups', at));
  const relations = [...project.datasets, ...project.rollups, ...project.views, ...project.aggregates].map(
    (each) => each.name,
  );
  for (const [at, view] of project.views.entries()) {
    checkNames(view.reads, relations, problems.at('views', at, 'reads'));
    for (const [index, { unique, where, columns }] of view.indexes.entries()) {
      if (!unique || (where === undefined && columns.every((column) => /^[a-z_"][\w "]*$/i.test(column))))
        continue;
      const here = problems.at('views', at, 'indexes', index);
      here.add('is unique over expressions or some rows only', 'name plain columns, without `where`');
    }
  }
  for (const [at, check] of project.checks.entries()) {
    checkNames(check.of, relations, problems.at('checks', at, 'of'));
  }
  checkCycles(project, problems);
}

function checkNames(names: readonly string[], known: readonly string[], problems: Problems): void {
  for (const [at, name] of names.entries()) {
    if (!known.includes(name)) unknown(name, known, problems.at(at));
  }
}

function unknown(name: string, known: readonly string[], problems: Problems): void {
  const fix = nameOneOf(name, known);
  problems.add(`there is no dataset, rollup, view or aggregate "${name}"`, fix);
}

function checkRollup(rollup: Rollup, project: Project, problems: Problems): void {
  const parent = parentColumns(rollup, project, problems.at('over'));
  const names = rollup.groups.map((group) => group.name);
  if (names.length === 0) problems.at('groups').add('has no column', 'name what is grouped by');
  for (const name of [...names, ...Object.keys(rollup.measures)]) {
    const here = problems.at(names.includes(name) ? 'groups' : 'measures', name);
    if (name.startsWith('_'))
      here.add('starts with "_", as dayboard\'s own columns do', 'choose another name');
  }
  for (const group of rollup.groups) {
    const plain = /^"((?:[^"]|"")+)"$/.exec(group.sql)?.[1]?.replaceAll('""', '"');
    if (plain !== undefined) checkColumn(plain, parent, problems.at('groups', group.name));
  }
  checkMeasures(rollup, parent, problems.at('measures'));
  checkBucket(rollup, problems.at('bucket', 'group'));
  checkPublished(rollup, problems.at('published', 'columns'));
}

/** The columns that a rollup can use; undefined when its parent is unknown. */
function parentColumns(rollup: Rollup, project: Project, problems: Problems): string[] | undefined {
  const dataset = project.datasets.find((each) => each.name === rollup.over);
  if (dataset) return dataset.table.columns.map((column) => column.name);
  const parent = project.rollups.find((each) => each.name === rollup.over);
  if (parent) return [...parent.groups.map((group) => group.name), ...Object.keys(parent.measures)];
  if (project.views.some((view) => view.name === rollup.over)) {
    problems.add(`"${rollup.over}" is a view`, 'a rollup stands over a dataset or a rollup');
  } else if (project.aggregates.some((aggregate) => aggregate.name === rollup.over)) {
    problems.add(`"${rollup.over}" is an aggregate`, 'a rollup stands over a dataset or a rollup');
  } else {
    const known = [...project.datasets, ...project.rollups].map((each) => each.name);
    const fix = nameOneOf(rollup.over, known);
    problems.add(`there is no dataset or rollup "${rollup.over}"`, fix);
  }
  return undefined;
}

function checkColumn(name: string, known: readonly string[] | undefined, problems: Problems): void {
  if (known === undefined || known.includes(name)) return;
  const fix = nameOneOf(name, known);
  problems.add(`there is no column "${name}" below`, fix);
}

function checkMeasures(rollup: Rollup, parent: readonly string[] | undefined, problems: Problems): void {
  for (const [name, measure] of Object.entries(rollup.measures)) {
    const here = problems.at(name);
    if (rollup.groups.some((group) => group.name === name)) here.add('is a group too', 'choose another name');
    if (measure.kind !== 'count') checkColumn(measure.column, parent, here.at('column'));
    if (measure.kind !== 'pick') continue;
    for (const [at, column] of measure.orderBy.entries()) checkColumn(column, parent, here.at('orderBy', at));
    if (!measure.orderBy.includes(measure.column)) {
      const what = `does not order by "${measure.column}", so which value is picked would be open`;
      here.at('orderBy').add(what, `add "${measure.column}" at its end`);
    }
  }
}

function checkBucket(rollup: Rollup, problems: Problems): void {
  const group = rollup.groups.find((each) => each.name === rollup.bucket.group);
  const known = rollup.groups.map((each) => each.name);
  if (group === undefined) {
    const fix = nameOneOf(rollup.bucket.group, known);
    problems.add(`there is no group "${rollup.bucket.group}"`, fix);
  } else if (!hasDay(group.type)) {
    problems.add(`"${group.name}" is ${group.type}`, 'name a group of type date or timestamptz');
  }
}

function checkPublished(rollup: Rollup, problems: Problems): void {
  const known = [...rollup.groups.map((group) => group.name), ...Object.keys(rollup.measures)];
  const seen = new Set<string>();
  for (const [at, name] of (rollup.published?.columns ?? []).entries()) {
    const here = problems.at(at);
    if (!known.includes(name)) {
      here.add(`there is no group or measure "${name}"`, nameOneOf(name, known));
    }
    if (seen.has(name)) here.add(`"${name}" stands twice`, 'leave one out');
    seen.add(name);
  }
}

/** Every rollup, view and aggregate that reads itself, over others or at once; each cycle is told once. */
function checkCycles(project: Project, problems: Problems): void {
  const reads = new Map<string, { at: Problems; names: readonly string[] }>();
  for (const [at, { name, over }] of project.rollups.entries()) {
    reads.set(name, { at: problems.at('rollups', at, 'over'), names: [over] });
  }
  for (const [at, { name, reads: names }] of project.views.entries()) {
    reads.set(name, { at: problems.at('views', at, 'reads'), names });
  }
  for (const [at, { name, over, alsoReads }] of project.aggregates.entries()) {
    reads.set(name, { at: problems.at('aggregates', at, 'over'), names: [over.name, ...alsoReads] });
  }
  const done = new Set<string>();
  const visit = (name: string, path: string[]): void => {
    const start = path.indexOf(name);
    if (start >= 0) {
      const cycle = [...path.slice(start), name].join(' → ');
      reads.get(name)?.at.add(`goes round in a circle: ${cycle}`, 'let one of them read something else');
      return;
    }
    if (done.has(name)) return;
    for (const next of reads.get(name)?.names ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of reads.keys()) visit(name, []);
}
