import type pg from 'pg';
import { relationState } from '../ledger/relations.ts';
import { checkForeignTable } from '../load/publish/foreign-table.ts';
import { toDayboardError } from '../project/errors.ts';
import type { Dataset, Project, RelationName } from '../project/model.ts';
import type { DoctorFinding } from './workspace.ts';

/** Relations of wanted names that dayboard did not make: which are filled in place, and which stand in the way. */
export async function* examineRelations(client: pg.Client, project: Project): AsyncIterable<DoctorFinding> {
  for (const dataset of project.datasets.filter((each) => each.off === undefined)) {
    if (await isForeign(client, project, dataset.table)) yield await examineTable(client, dataset);
  }
  const published = [...project.rollups.flatMap((rollup) => rollup.published ?? []), ...project.views];
  for (const relation of published) {
    if (await isForeign(client, project, relation)) yield findingOf(project, relation);
  }
}

async function isForeign(client: pg.Client, project: Project, relation: RelationName): Promise<boolean> {
  return (await relationState(client, project.name, relation)).owner === 'foreign';
}

async function examineTable(client: pg.Client, dataset: Dataset): Promise<DoctorFinding> {
  const name = `${dataset.table.schema}.${dataset.table.name}`;
  const subject = `Relation ${name}`;
  try {
    await checkForeignTable(client, dataset);
    const message = `It was there before dayboard and is filled in place: rows of ${dataset.name} that a delivery carries are replaced.`;
    return {
      verdict: 'warn',
      subject,
      message,
      next: 'Nothing, if that is meant; else name another table in the definition.',
    };
  } catch (thrown) {
    const { message, next } = toDayboardError(thrown);
    return { verdict: 'fail', subject, message, ...(next === undefined ? {} : { next }) };
  }
}

function findingOf(project: Project, relation: RelationName): DoctorFinding {
  const name = `${relation.schema}.${relation.name}`;
  const subject = `Relation ${name}`;
  const wanted = project.existing[name];
  if (wanted === 'keep')
    return {
      verdict: 'pass',
      subject,
      message: 'It is yours and is kept; nothing of dayboard is published there.',
    };
  if (wanted === 'replace')
    return { verdict: 'warn', subject, message: 'It is yours and will be replaced, as the definition says.' };
  return {
    verdict: 'fail',
    subject,
    message: 'It was not made by dayboard and has a name that is wanted: what needs it is refused.',
    next: `Rename it, name another relation in the definition, or say in \`existing\`: '${name}': 'keep' or 'replace'.`,
  };
}
