import type { Project } from './model.ts';
import { nameOneOf, type Problems } from './problems.ts';

/** Looks at what copies of schemas name: their source, and that nothing of dayboard's is replaced by them. */
export function checkCopies(project: Project, problems: Problems): void {
  const names = new Set<string>();
  for (const [at, copy] of (project.copies ?? []).entries()) {
    const here = problems.at('copies', at);
    if (names.has(copy.name))
      here.at('name').add(`"${copy.name}" is the name of another copy`, 'choose another');
    names.add(copy.name);
    const databases = Object.entries(project.sources).filter(([, { kind }]) => kind === 'postgres');
    if (project.sources[copy.source]?.kind !== 'postgres')
      here.at('source').add(
        `"${copy.source}" is no source of kind 'postgres'`,
        nameOneOf(
          copy.source,
          databases.map(([name]) => name),
        ),
      );
    if (copy.never.named.length === 0 && copy.never.having === undefined)
      here.at('never').add('says nothing', 'name what tells a database that must never be the target');
    for (const { name, table } of [...project.datasets, ...project.aggregates])
      if (table.schema === copy.schema && !copy.exclude.includes(table.name))
        here
          .at('exclude')
          .add(
            `lacks "${table.name}", which ${name} fills: a table of that name at the source would replace it`,
            'add it',
          );
  }
}
