import type pg from 'pg';
import { errorCode } from '../ledger/errors.ts';
import { ident, qualified } from '../ledger/sql.ts';
import { toDayboardError } from '../project/errors.ts';
import type { Dataset, Project, RelationName } from '../project/model.ts';
import type { SourceDatabase } from '../source/postgres.ts';
import type { DoctorFinding } from './workspace.ts';

/** SQLSTATE of what the user may not do. */
const FORBIDDEN = '42501';

/**
 * Rights that the user of a source database lacks there, each with the GRANT that gives it: what its datasets are read
 * from, what a cleanup deletes, and what pg_dump reads for a copy. One pass when none is missing. Never throws.
 *
 * @param name the source's
 * @param readOnly nothing is deleted or copied in this context
 */
export async function* examineSourcePrivileges(
  project: Project,
  name: string,
  database: SourceDatabase,
  readOnly: boolean,
): AsyncIterable<DoctorFinding> {
  let client: pg.Client | undefined;
  try {
    client = await database.connect('doctor');
    const missing = await missingAt(client, project, name, readOnly);
    const subject = `Privileges at source ${name}`;
    if (missing.length === 0)
      yield { verdict: 'pass', subject, message: 'This user may do everything that the project asks of it.' };
    yield* missing;
  } catch (thrown) {
    const { message } = toDayboardError(thrown);
    yield { verdict: 'fail', subject: `Privileges at source ${name}`, message };
  } finally {
    client?.end().catch(() => undefined);
  }
}

async function missingAt(
  client: pg.Client,
  project: Project,
  name: string,
  readOnly: boolean,
): Promise<DoctorFinding[]> {
  const datasets = project.datasets.filter(({ source, off }) => source === name && off === undefined);
  const cleaned = readOnly ? [] : datasets.filter(({ select }) => select?.cleanup === true);
  const copies = readOnly
    ? []
    : (project.copies ?? []).filter(({ source, off }) => source === name && off === undefined);
  const read = datasets.flatMap(relationOf);
  const findings = [
    ...(await missingSchemas(
      client,
      name,
      [...read, ...copies].map(({ schema }) => schema),
    )),
    ...(await missingOnRelations(client, name, read, 'SELECT')),
    ...(await missingOnRelations(client, name, cleaned.flatMap(relationOf), 'DELETE')),
  ];
  if (cleaned.length > 0) findings.push(...(await missingTemporary(client, name)));
  for (const { schema, exclude } of copies)
    findings.push(...(await missingToCopy(client, name, schema, exclude)));
  for (const dataset of datasets) findings.push(...(await missingForQuery(client, name, dataset)));
  return findings;
}

function relationOf({ select }: Dataset): RelationName[] {
  return select === undefined || 'sql' in select.from ? [] : [select.from];
}

async function missingSchemas(client: pg.Client, name: string, schemas: string[]): Promise<DoctorFinding[]> {
  const found = await client.query<{ schema: string; user: string }>(
    `SELECT nspname AS schema, current_user AS "user" FROM pg_namespace
      WHERE nspname = ANY ($1) AND NOT has_schema_privilege(oid, 'USAGE') ORDER BY 1`,
    [schemas],
  );
  return found.rows.map(({ schema, user }) =>
    lacks(
      name,
      `USAGE on schema ${schema}`,
      user,
      `GRANT USAGE ON SCHEMA ${ident(schema)} TO ${ident(user)};`,
    ),
  );
}

/** From the catalog, so that a relation is found whose schema may not be used. */
async function missingOnRelations(
  client: pg.Client,
  name: string,
  relations: readonly RelationName[],
  right: 'SELECT' | 'DELETE',
): Promise<DoctorFinding[]> {
  const found = await client.query<RelationName & { user: string }>(
    `SELECT DISTINCT n.nspname AS schema, c.relname AS name, current_user AS "user"
       FROM unnest($1::text[], $2::text[]) AS t (schema, name)
       JOIN pg_namespace n ON n.nspname = t.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
      WHERE NOT has_table_privilege(c.oid, $3) ORDER BY 1, 2`,
    [relations.map(({ schema }) => schema), relations.map((relation) => relation.name), right],
  );
  return found.rows.map(({ user, ...relation }) =>
    lacks(
      name,
      `${right} on ${relation.schema}.${relation.name}`,
      user,
      `GRANT ${right} ON ${qualified(relation)} TO ${ident(user)};`,
    ),
  );
}

/** A cleanup brings the keys that are loaded into a temporary table there. */
async function missingTemporary(client: pg.Client, name: string): Promise<DoctorFinding[]> {
  const found = await client.query<{ database: string; user: string }>(
    `SELECT current_database() AS database, current_user AS "user"
      WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')`,
  );
  return found.rows.map(({ database, user }) =>
    lacks(
      name,
      `TEMPORARY on database ${database}`,
      user,
      `GRANT TEMPORARY ON DATABASE ${ident(database)} TO ${ident(user)};`,
    ),
  );
}

/** pg_dump locks and reads every table and sequence of the schema that is not left out. */
async function missingToCopy(
  client: pg.Client,
  name: string,
  schema: string,
  exclude: readonly string[],
): Promise<DoctorFinding[]> {
  const found = await client.query<{ kind: string; relations: string[]; user: string }>(
    `SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCES' ELSE 'TABLES' END AS kind, current_user AS "user",
            array_agg(c.relname ORDER BY c.relname)::text[] AS relations
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND c.relkind = 'S'
       LEFT JOIN pg_class o ON o.oid = d.refobjid
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'S')
        AND NOT coalesce(o.relname, c.relname) = ANY ($2) AND NOT has_table_privilege(c.oid, 'SELECT')
      GROUP BY 1 ORDER BY 1`,
    [schema, exclude],
  );
  return found.rows.map(({ kind, relations, user }) =>
    lacks(
      name,
      `SELECT on ${relations.slice(0, 3).join(', ')}${relations.length > 3 ? ` and ${relations.length - 3} more` : ''} of schema ${schema}, to copy`,
      user,
      `GRANT SELECT ON ALL ${kind} IN SCHEMA ${ident(schema)} TO ${ident(user)};`,
    ),
  );
}

/** A definition's query is explained, not run: the server checks the rights for it, and names the first that lacks. */
async function missingForQuery(
  client: pg.Client,
  name: string,
  { name: dataset, select }: Dataset,
): Promise<DoctorFinding[]> {
  if (select === undefined || !('sql' in select.from)) return [];
  try {
    await client.query(`EXPLAIN SELECT FROM (${select.from.sql}) AS r`);
    return [];
  } catch (thrown) {
    const { message } = toDayboardError(thrown);
    return [
      {
        verdict: 'fail',
        subject: `Query of ${dataset} at source ${name}`,
        message: `The source refuses it: ${message}.`,
        next:
          errorCode(thrown) === FORBIDDEN
            ? 'GRANT SELECT on what it names, and USAGE on its schema, to the user of the source.'
            : 'Correct select.from.sql in its definition.',
      },
    ];
  }
}

function lacks(source: string, right: string, user: string, grant: string): DoctorFinding {
  return {
    verdict: 'fail',
    subject: `Privilege ${right} at source ${source}`,
    message: `${user} lacks it.`,
    next: grant,
  };
}
