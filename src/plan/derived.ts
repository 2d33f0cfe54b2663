import type { Aggregate, Check, Project, Rollup, View } from '../project/model.ts';

/** A rollup, view or aggregate with what it reads, in one shape. */
export interface Derived {
  kind: DerivedKind;
  name: string;
  reads: readonly string[];
  definition: Rollup | View | Aggregate;
}

export type DerivedKind = 'rollup' | 'view' | 'aggregate';

/** Rollups, views and aggregates, each after everything that it reads (the definition has no cycles: the schema checks that). */
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
    ...project.aggregates.map((aggregate) => ({
      kind: 'aggregate' as const,
      name: aggregate.name,
      reads: [aggregate.over.name, ...aggregate.alsoReads],
      definition: aggregate,
    })),
  ];
  const placed = new Set(project.datasets.map((dataset) => dataset.name));
  const ordered: Derived[] = [];
  while (waiting.length > 0) {
    const next = waiting.findIndex((each) => each.reads.every((name) => placed.has(name)));
    if (next === -1)
      throw new RangeError(
        `rollups, views or aggregates read each other in a circle: ${waiting.map((each) => each.name).join(', ')}`,
      );
    const [each] = waiting.splice(next, 1) as [Derived];
    placed.add(each.name);
    ordered.push(each);
  }
  return ordered;
}

/** Names of all rollups, views and aggregates that read these datasets, directly or through others. */
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

/** Rollups and aggregates that owe something, below the named aggregates: what those are computed from. */
export function owedBelow(
  project: Project,
  names: readonly string[],
  owed: { has(name: string): boolean },
): Set<string> {
  const found = new Set<string>();
  const wanted = new Set(names.filter((name) => project.aggregates.some((each) => each.name === name)));
  for (const derived of derivedInOrder(project).reverse()) {
    if (!wanted.has(derived.name)) continue;
    for (const name of derived.reads) wanted.add(name);
    if (owed.has(derived.name) && derived.kind !== 'view') found.add(derived.name);
  }
  return found;
}

/** Checks of anything in `names`. */
export function checksOf(project: Project, names: ReadonlySet<string>): Check[] {
  return project.checks.filter((check) => check.of.some((name) => names.has(name)));
}
