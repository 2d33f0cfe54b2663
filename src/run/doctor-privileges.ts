import type pg from 'pg';
import { ident, qualified } from '../ledger/sql.ts';
import type { Project } from '../project/model.ts';
import type { DoctorFinding } from './workspace.ts';

/** Rights that this user lacks for the project, each with the GRANT that gives it. One pass when none is missing. */
export async function* examinePrivileges(client: pg.Client, project: Project): AsyncIterable<DoctorFinding> {
  const missing = [...(await missingOnSchemas(client, project)), ...(await missingOnTables(client, project))];
  if (missing.length === 0)
    yield {
      verdict: 'pass',
      subject: 'Privileges',
      message: 'This user may do everything that the project needs.',
    };
  yield* missing;
}

async function missingOnSchemas(client: pg.Client, project: Project): Promise<DoctorFinding[]> {
  const relations = [
    ...project.datasets.map((dataset) => dataset.table),
    ...project.views,
    ...project.rollups.flatMap((rollup) => rollup.published ?? []),
    ...project.aggregates.map((aggregate) => aggregate.table),
  ];
  const schemas = ['dayboard', 'dayboard_staging', ...new Set(relations.map((relation) => relation.schema))];
  const found = await client.query<{
    schema: string;
    there: boolean;
    create: boolean;
    database: boolean;
    user: string;
    name: string;
  }>(
    `SELECT s AS schema, n.oid IS NOT NULL AS there,
            coalesce(has_schema_privilege(n.oid, 'USAGE, CREATE') AND has_schema_privilege(n.oid, 'CREATE'), false) AS "create",
            has_database_privilege(current_database(), 'CREATE') AS database,
            current_user AS "user", current_database() AS name
       FROM unnest($1::text[]) AS s LEFT JOIN pg_namespace n ON n.nspname = s`,
    [schemas],
  );
  return found.rows
    .filter((row) => (row.there ? !row.create : !row.database))
    .map((row) => ({
      verdict: 'fail',
      subject: `Privilege CREATE on ${row.there ? `schema ${row.schema}` : `database ${row.name}`}`,
      message: row.there
        ? `${row.user} may not create relations in ${row.schema}.`
        : `The schema ${row.schema} is missing and ${row.user} may not create it.`,
      next: row.there
        ? `GRANT USAGE, CREATE ON SCHEMA ${ident(row.schema)} TO ${ident(row.user)};`
        : `GRANT CREATE ON DATABASE ${ident(row.name)} TO ${ident(row.user)};`,
    }));
}

async function missingOnTables(client: pg.Client, project: Project): Promise<DoctorFinding[]> {
  const tables = project.datasets
    .filter((dataset) => dataset.off === undefined)
    .map((dataset) => dataset.table);
  const found = await client.query<{ schema: string; name: string; privilege: string; user: string }>(
    `SELECT t.schema, t.name, p AS privilege, current_user AS "user"
       FROM unnest($1::text[], $2::text[]) AS t (schema, name)
       JOIN pg_namespace n ON n.nspname = t.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
      CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'DELETE']) AS p
      WHERE NOT has_table_privilege(c.oid, p)`,
    [tables.map((table) => table.schema), tables.map((table) => table.name)],
  );
  return found.rows.map((row) => ({
    verdict: 'fail',
    subject: `Privilege ${row.privilege} on ${row.schema}.${row.name}`,
    message: `${row.user} lacks ${row.privilege}.`,
    next: `GRANT ${row.privilege} ON ${qualified(row)} TO ${ident(row.user)};`,
  }));
}
