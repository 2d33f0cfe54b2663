import type { Problems } from './problems.ts';
import type { Project } from './model.ts';
import { pathText } from './problems.ts';

/** Schemas that dayboard keeps for itself. */
const RESERVED = ['dayboard', 'dayboard_staging'];

/** Looks for names that two things share, and for relations that would stand in one another's place. */
export function checkNames(project: Project, problems: Problems): void {
  checkCommandNames(project, problems);
  checkRelations(project, problems);
  for (const relation of Object.keys(project.existing)) {
    if (/^[^.]+\.[^.]+$/.test(relation)) continue;
    problems.at('existing', relation).add('is no relation with its schema', "write 'schema.name'");
  }
}

/** What `sync`, `refresh` and `check` are given must be one thing; scripts have a command of their own. */
function checkCommandNames(project: Project, problems: Problems): void {
  const first = new Map<string, string>();
  for (const part of ['datasets', 'rollups', 'views', 'aggregates', 'checks'] as const) {
    for (const [at, { name }] of project[part].entries()) {
      claim(first, name, problems.at(part, at, 'name'), `${part}[${at}]`);
    }
  }
  const scripts = new Map<string, string>();
  for (const [at, { name }] of project.scripts.entries()) {
    claim(scripts, name, problems.at('scripts', at, 'name'), `scripts[${at}]`);
  }
}

function claim(taken: Map<string, string>, name: string, problems: Problems, by: string): void {
  const other = taken.get(name);
  if (other === undefined) taken.set(name, by);
  else problems.add(`"${name}" is the name of ${other} too`, 'choose another name');
}

/** Tables, views and indexes share one namespace per schema. Two datasets may name one table, its indexes included. */
function checkRelations(project: Project, problems: Problems): void {
  const taken = new Map<string, { what: string; where: string }>();
  const add = (schema: string, name: string, what: string, here: Problems): void => {
    if (RESERVED.includes(schema))
      here.add(`is in the schema "${schema}", which is dayboard's own`, 'choose another schema');
    const relation = `${schema}.${name}`;
    const other = taken.get(relation);
    if (other === undefined) taken.set(relation, { what, where: pathText(here.path) });
    else if (other.what !== what)
      here.add(`${relation} is made by ${other.where} too`, 'choose another name');
  };
  for (const [at, { table }] of project.datasets.entries()) {
    const here = problems.at('datasets', at, 'table');
    const of = `${table.schema}.${table.name}`;
    add(table.schema, table.name, `table ${of}`, here);
    if (table.keyIndex !== undefined) add(table.schema, table.keyIndex, `key of ${of}`, here.at('keyIndex'));
    const own = new Set<string>();
    for (const [index, { name }] of table.indexes.entries()) {
      add(table.schema, name, `index of ${of}${own.has(name) ? ' twice' : ''}`, here.at('indexes', index));
      own.add(name);
    }
  }
  for (const [at, { name, published }] of project.rollups.entries()) {
    if (published)
      add(published.schema, published.name, `rollup ${name}`, problems.at('rollups', at, 'published'));
  }
  for (const [at, view] of project.views.entries()) {
    const here = problems.at('views', at);
    add(view.schema, view.name, `view ${view.name}`, here);
    for (const [index, { name }] of view.indexes.entries()) {
      add(view.schema, name, `index ${index} of ${view.name}`, here.at('indexes', index));
    }
  }
  for (const [at, { name, table }] of project.aggregates.entries()) {
    const here = problems.at('aggregates', at, 'table');
    add(table.schema, table.name, `aggregate ${name}`, here);
    for (const [index, each] of table.indexes.entries()) {
      add(table.schema, each.name, `index ${index} of ${name}`, here.at('indexes', index));
    }
  }
}
