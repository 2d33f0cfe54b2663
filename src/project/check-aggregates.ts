import { hasDay } from './check-datasets.ts';
import type { Aggregate, Column, Project } from './model.ts';
import { unitOf } from './period.ts';
import { nameOneOf, type Problems } from './problems.ts';

/** Looks at how aggregates fit to what they read, and to the tables that they fill. */
export function checkAggregates(project: Project, problems: Problems): void {
  const relations = [...project.datasets, ...project.rollups, ...project.views, ...project.aggregates].map(
    ({ name }) => name,
  );
  for (const [at, aggregate] of project.aggregates.entries()) {
    const here = problems.at('aggregates', at);
    checkOver(aggregate, project, here.at('over'));
    checkTable(aggregate, here);
    for (const [index, name] of aggregate.alsoReads.entries()) {
      if (relations.includes(name)) continue;
      const fix = nameOneOf(name, relations);
      here.at('alsoReads', index).add(`there is no dataset, rollup, view or aggregate "${name}"`, fix);
    }
    if (aggregate.since !== undefined && unitOf(aggregate.since) !== aggregate.period)
      here
        .at('since')
        .add(`"${aggregate.since}" is no ${aggregate.period}`, `write the first ${aggregate.period}`);
  }
}

/** Whether each period has a table of its own. */
export function hasTablePerPeriod({ table }: Pick<Aggregate, 'table'>): boolean {
  return table.name.includes('{period}');
}

function checkOver({ name, over }: Aggregate, project: Project, problems: Problems): void {
  const parents = [
    ...project.datasets.map((each) => ({ name: each.name, columns: each.table.columns })),
    ...project.aggregates
      .filter((each) => each.name !== name && !hasTablePerPeriod(each))
      .map((each) => ({ name: each.name, columns: each.table.columns })),
  ];
  const parent = parents.find((each) => each.name === over.name);
  if (parent === undefined) {
    const fix = nameOneOf(
      over.name,
      parents.map((each) => each.name),
    );
    problems
      .at('name')
      .add(`there is no dataset or aggregate "${over.name}" with all periods in one table`, fix);
    return;
  }
  checkDayColumn(over.column, parent.columns, problems.at('column'));
}

function checkDayColumn(name: string, columns: readonly Column[], problems: Problems): void {
  const column = columns.find((each) => each.name === name);
  if (column === undefined) {
    const known = columns.map((each) => each.name);
    problems.add(`there is no column "${name}"`, nameOneOf(name, known));
  } else if (!hasDay(column.type)) {
    problems.add(`"${name}" is ${column.type}`, 'name a column of type date or timestamptz');
  }
}

function checkTable(aggregate: Aggregate, problems: Problems): void {
  const { table, column, key } = aggregate;
  const known = table.columns.map((each) => each.name);
  for (const [at, name] of key.entries())
    if (!known.includes(name))
      problems.at('key', at).add(`there is no column "${name}"`, nameOneOf(name, known));
  if (hasTablePerPeriod(aggregate)) {
    if (column !== undefined)
      problems.at('column').add('is given, but each period has a table of its own', 'leave it out');
    for (const [at, { name }] of table.indexes.entries())
      if (!name.includes('{period}'))
        problems
          .at('table', 'indexes', at)
          .add(`"${name}" would be the name of an index of every table`, "write '{period}' in it");
    return;
  }
  const periods = table.columns.find((each) => each.name === column);
  if (column === undefined)
    problems.at('column').add('is missing', "name the date column with the period's first day");
  else if (periods === undefined)
    problems.at('column').add(`there is no column "${column}"`, nameOneOf(column, known));
  else if (periods.type.trim().toLowerCase() !== 'date')
    problems.at('column').add(`"${column}" is ${periods.type}`, 'name a column of type date');
  if (column !== undefined && key.length > 0 && !key.includes(column))
    problems.at('key').add(`does not hold "${column}"`, 'add it: periods share no rows');
}
