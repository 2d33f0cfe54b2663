import { createHash } from 'node:crypto';
import { DayboardError } from '../project/errors.ts';
import type { RelationName } from '../project/model.ts';
import type { Queryable } from './client.ts';
import { literal } from './sql.ts';

export type RelationKind = 'raw' | 'shadow' | 'origin' | 'rollup' | 'published' | 'view' | 'aggregate';

/** A relation that stands under a name, and whether dayboard made it. */
export type RelationState =
  | { owner: 'absent' }
  | { owner: 'ours' | 'foreign'; relkind: string; definitionHash?: string };

/** A stable hash of a definition, to see that it changed. */
export function definitionHash(definition: unknown): string {
  return createHash('sha256').update(JSON.stringify(definition)).digest('hex').slice(0, 16);
}

function fullName({ schema, name }: RelationName): string {
  return `${schema}.${name}`;
}

/** What stands under the name now. Ours is what the ledger has with the same oid: a namesake made later is not. */
export async function relationState(
  client: Queryable,
  project: string,
  relation: RelationName,
): Promise<RelationState> {
  const found = await client.query<{ relkind: string; definition_hash: string | null }>(
    `SELECT c.relkind::text AS relkind, r.definition_hash
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN dayboard.relation r ON r.project = $1 AND r.relation = $4 AND r.relation_oid = c.oid
      WHERE n.nspname = $2 AND c.relname = $3`,
    [project, relation.schema, relation.name, fullName(relation)],
  );
  const row = found.rows[0];
  if (row === undefined) return { owner: 'absent' };
  if (row.definition_hash === null) return { owner: 'foreign', relkind: row.relkind };
  return { owner: 'ours', relkind: row.relkind, definitionHash: row.definition_hash };
}

export interface MadeRelation {
  kind: RelationKind;
  owner: string;
  definitionHash: string;
  /** Its name is still this one, and it is renamed in this transaction. */
  under?: string;
}

/** Records a relation that was just made, in the transaction that made it. */
export async function recordRelation(
  client: Queryable,
  project: string,
  relation: RelationName,
  made: MadeRelation,
): Promise<void> {
  await client.query(recordRelationSql(project, relation, made));
}

/** The statement of recordRelation, to be sent together with others. */
export function recordRelationSql(project: string, relation: RelationName, made: MadeRelation): string {
  const values = [fullName(relation), made.kind, made.owner, made.definitionHash].map(literal);
  return `INSERT INTO dayboard.relation (project, relation, relation_oid, kind, owner, definition_hash)
     SELECT ${literal(project)}, ${values[0]}, c.oid, ${values.slice(1).join(', ')} FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ${literal(relation.schema)} AND c.relname = ${literal(made.under ?? relation.name)}
     ON CONFLICT (project, relation) DO UPDATE
       SET relation_oid = excluded.relation_oid, kind = excluded.kind, owner = excluded.owner,
           definition_hash = excluded.definition_hash, created_at = now()`;
}

/** 'relation.taken': one of dayboard's own tables has a name that is somebody else's. */
export function takenRelation(relation: RelationName): DayboardError {
  const name = fullName(relation);
  return new DayboardError({
    code: 'relation.taken',
    kind: 'refused',
    message: `${name} exists and is not this project's, so its rows are not put there. Nothing was changed.`,
    facts: { relation: name },
    next: 'Rename that table, or give the project or the dataset another name.',
  });
}

/**
 * 'relation.foreign': something that dayboard did not make has the name, and nobody said what to do with it.
 * `rollup` is the rollup that could be compared with it, and then take its place.
 */
export function foreignRelation(relation: RelationName, what: string, rollup?: string): DayboardError {
  const name = fullName(relation);
  const adopt =
    rollup === undefined
      ? ''
      : `\`dayboard adopt ${rollup}\` compares it with the rollup, row by row, and puts that in its place. Or: `;
  return new DayboardError({
    code: 'relation.foreign',
    kind: 'refused',
    message: `${name} exists and was not made by dayboard, so ${what} is not put there. Nothing was changed.`,
    facts: { relation: name },
    next: `${adopt}Rename yours; or name another relation in the definition; or say in the definition's \`existing\` what to do: '${name}': 'keep' leaves yours as it is and keeps dayboard's numbers in its own schema only, 'replace' drops it and puts dayboard's in its place.`,
  });
}
