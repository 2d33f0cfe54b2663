import type pg from 'pg';
import { type AdoptionRecord, readAdoption } from '../ledger/adoptions.ts';
import { relationState } from '../ledger/relations.ts';
import { checkForeignTable } from '../load/publish/foreign-table.ts';
import { toDayboardError } from '../project/errors.ts';
import { hasTablePerPeriod } from '../project/check-aggregates.ts';
import type { Dataset, Project, RelationName } from '../project/model.ts';
import type { DoctorFinding } from './workspace.ts';

/** Relations of wanted names that dayboard did not make: which are filled in place, and which stand in the way. */
export async function* examineRelations(client: pg.Client, project: Project): AsyncIterable<DoctorFinding> {
  for (const dataset of project.datasets.filter((each) => each.off === undefined)) {
    const adoption = await readAdoption(client, project.name, dataset.name);
    if (adoption !== undefined && adoption.state !== 'finished') yield underWay(dataset, adoption);
    else if (await isForeign(client, project, dataset.table)) yield await examineTable(client, dataset);
  }
  const published = [
    ...project.rollups.flatMap((rollup) => rollup.published ?? []),
    ...project.views,
    ...project.aggregates.filter((each) => !hasTablePerPeriod(each)).map(({ table }) => table),
  ];
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
      next:
        dataset.table.partitionBy === undefined
          ? 'Nothing, if that is meant; else name another table in the definition.'
          : `Nothing, if that is meant; \`dayboard adopt ${dataset.name} --dry-run\` says how it would be taken over into partitions.`,
    };
  } catch (thrown) {
    const { message, next } = toDayboardError(thrown);
    return { verdict: 'fail', subject, message, ...(next === undefined ? {} : { next }) };
  }
}

const STAGES: Record<Exclude<AdoptionRecord['state'], 'finished'>, string> = {
  copying: 'is being copied into partitions, and triggers note what its writers change',
  copied: 'is copied into partitions, which triggers keep up to date for as long as it is not switched',
  switched: 'is partitioned; the original stands beside it until the last step',
  returned: 'was taken back, and not all of what was made is dropped',
};

function underWay({ name, table }: Dataset, { state }: AdoptionRecord): DoctorFinding {
  const stage = state === 'finished' ? '' : STAGES[state];
  return {
    verdict: 'warn',
    subject: `Relation ${table.schema}.${table.name}`,
    message: `Its adoption is under way: it ${stage}.`,
    next: `Go on with \`dayboard adopt ${name}\`, or take it back with \`dayboard adopt ${name} --back\`.`,
  };
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
    next: `${adoptable(project, relation)}Rename it, name another relation in the definition, or say in \`existing\`: '${name}': 'keep' or 'replace'.`,
  };
}

/** A rollup's can be compared before it is replaced. */
function adoptable(project: Project, { schema, name }: RelationName): string {
  const rollup = project.rollups.find(
    ({ published }) => published?.schema === schema && published.name === name,
  );
  return rollup === undefined
    ? ''
    : `\`dayboard adopt ${rollup.name} --dry-run\` compares it with the rollup, row by row, and without --dry-run replaces it. Or: `;
}
