import type { Day } from '../project/model.ts';
import type { AdoptionState } from '../plan/adoption.ts';
import type { Actor } from './actor.ts';
import type { Queryable } from './client.ts';

/** Something of the original that the switch gave another name. */
export interface Renamed {
  kind: 'index';
  from: string;
  to: string;
}

/** How far the adoption of a dataset's table is. */
export interface AdoptionRecord {
  state: Exclude<AdoptionState, 'none'>;
  originalOid: string;
  replacementOid: string;
  columnsHash: string;
  definitionHash: string;
  renamed: Renamed[];
}

/** Days that are copied in one go, the last one not included. The ends are not days, but '-infinity' and 'infinity'. */
export interface AdoptionPart {
  firstDay: Day;
  nextDay: Day;
  copied: boolean;
}

/** The adoption of a dataset's table, if one was ever begun and not taken back. */
export async function readAdoption(
  client: Queryable,
  project: string,
  dataset: string,
): Promise<AdoptionRecord | undefined> {
  const found = await client.query<AdoptionRecord>(
    `SELECT state, original_oid::text AS "originalOid", replacement_oid::text AS "replacementOid",
            columns_hash AS "columnsHash", definition_hash AS "definitionHash", renamed
       FROM dayboard.adoption WHERE project = $1 AND dataset = $2`,
    [project, dataset],
  );
  return found.rows[0];
}

/** Writes an adoption as begun, in the transaction that makes what it copies into. One of before is forgotten. */
export async function insertAdoption(
  client: Queryable,
  project: string,
  dataset: string,
  begun: Pick<AdoptionRecord, 'originalOid' | 'replacementOid' | 'columnsHash' | 'definitionHash'> & {
    relation: string;
    actor: Actor;
    parts: ReadonlyArray<Pick<AdoptionPart, 'firstDay' | 'nextDay'>>;
  },
): Promise<void> {
  await deleteAdoption(client, project, dataset);
  await client.query(
    `INSERT INTO dayboard.adoption (project, dataset, state, relation, original_oid, replacement_oid, columns_hash, definition_hash, by_user, host)
     VALUES ($1, $2, 'copying', $3, $4, $5, $6, $7, $8, $9)`,
    [
      project,
      dataset,
      begun.relation,
      begun.originalOid,
      begun.replacementOid,
      begun.columnsHash,
      begun.definitionHash,
      begun.actor.user,
      begun.actor.host,
    ],
  );
  await client.query(
    `INSERT INTO dayboard.adoption_part (project, dataset, first_day, next_day)
     SELECT $1, $2, first, next FROM unnest($3::date[], $4::date[]) AS part (first, next)`,
    [
      project,
      dataset,
      begun.parts.map(({ firstDay }) => firstDay),
      begun.parts.map(({ nextDay }) => nextDay),
    ],
  );
}

export async function deleteAdoption(client: Queryable, project: string, dataset: string): Promise<void> {
  await client.query('DELETE FROM dayboard.adoption WHERE project = $1 AND dataset = $2', [project, dataset]);
}

export async function setAdoptionState(
  client: Queryable,
  project: string,
  dataset: string,
  state: AdoptionRecord['state'],
): Promise<void> {
  await client.query(
    `UPDATE dayboard.adoption SET state = $3, finished_at = CASE WHEN $3 = 'finished' THEN clock_timestamp() END
      WHERE project = $1 AND dataset = $2`,
    [project, dataset, state],
  );
}

/** The parts of an adoption, the newest days first. */
export async function readParts(
  client: Queryable,
  project: string,
  dataset: string,
): Promise<AdoptionPart[]> {
  const found = await client.query<AdoptionPart>(
    `SELECT first_day::text AS "firstDay", next_day::text AS "nextDay", seen IS NOT NULL AS copied
       FROM dayboard.adoption_part WHERE project = $1 AND dataset = $2 ORDER BY first_day DESC`,
    [project, dataset],
  );
  return found.rows;
}

/** Notes in the copying transaction, which must see one snapshot throughout, what a part's copy saw. */
export async function markCopied(
  client: Queryable,
  project: string,
  dataset: string,
  part: AdoptionPart,
  rows: number,
): Promise<void> {
  await client.query(
    `UPDATE dayboard.adoption_part SET seen = pg_current_snapshot(), rows = $4 WHERE project = $1 AND dataset = $2 AND first_day = $3`,
    [project, dataset, part.firstDay, rows],
  );
}

/** Takes back what was copied: the original was emptied since. */
export async function forgetCopies(client: Queryable, project: string, dataset: string): Promise<void> {
  await client.query(
    'UPDATE dayboard.adoption_part SET seen = NULL, rows = NULL WHERE project = $1 AND dataset = $2',
    [project, dataset],
  );
  await setAdoptionState(client, project, dataset, 'copying');
}
