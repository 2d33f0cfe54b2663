import type { Check, Project, Rollup, View } from '../project/model.ts';

/** A rollup or view with what it reads, in one shape. */
export interface Derived {
  kind: 'rollup' | 'view';
  name: string;
  reads: readonly string[];
  definition: Rollup | View;
}

/** Rollups and views, each after everything that it reads (the definition has no cycles: the schema checks that). */
export function derivedInOrder(project: Project): Derived[] {
  const waiting: Derived[] = [
    ...project.rollups.map((rollup) => ({
      kind: 'rollup' as const,
      name: rollup.name,
      reads: [rollup.over],
      definition: rollup,
    })),
    ...project.views.map((view) => ({
      kind: 'view' as const,
      name: view.name,
      reads: view.reads,
      definition: view,
    })),
  ];
  const placed = new Set(project.datasets.map((dataset) => dataset.name));
  const ordered: Derived[] = [];
  while (waiting.length > 0) {
    const next = waiting.findIndex((each) => each.reads.every((name) => placed.has(name)));
    if (next === -1)
      throw new RangeError(
        `rollups or views read each other in a circle: ${waiting.map((each) => each.name).join(', ')}`,
      );
    const [each] = waiting.splice(next, 1) as [Derived];
    placed.add(each.name);
    ordered.push(each);
  }
  return ordered;
}

/** Names of all rollups and views that read these datasets, directly or through others. */
export function affectedDerived(project: Project, datasets: readonly string[]): Set<string> {
  const reached = new Set(datasets);
  const affected = new Set<string>();
  for (const derived of derivedInOrder(project)) {
    if (!derived.reads.some((name) => reached.has(name))) continue;
    reached.add(derived.name);
    affected.add(derived.name);
  }
  return affected;
}

/** Checks of anything in `names`. */
export function checksOf(project: Project, names: ReadonlySet<string>): Check[] {
  return project.checks.filter((check) => check.of.some((name) => names.has(name)));
}
