import type pg from 'pg';
import { ident, qualified } from '../ledger/sql.ts';
import type { Project } from '../project/model.ts';
import type { DoctorFinding } from './workspace.ts';

/**
 * Rights that this user lacks for the project, each with the GRANT that gives it. One pass when none is missing.
 *
 * @param readOnly nothing is to be written: only the ledger must be readable
 */
export async function* examinePrivileges(
  client: pg.Client,
  project: Project,
  readOnly: boolean,
): AsyncIterable<DoctorFinding> {
  const missing = readOnly
    ? await missingToLook(client)
    : [
        ...(await missingOnSchemas(client, project)),
        ...(await missingOnTables(client, project)),
        ...(await missingOwners(client, project)),
      ];
  if (missing.length === 0)
    yield {
      verdict: 'pass',
      subject: 'Privileges',
      message: readOnly
        ? 'This user may look at everything.'
        : 'This user may do everything that the project needs.',
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
            coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE'), false) AS "create",
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
        ? `${row.user} may not use ${row.schema} and create relations in it.`
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

/** What only shows the ledger asks of it. */
async function missingToLook(client: pg.Client): Promise<DoctorFinding[]> {
  const found = await client.query<{ usage: boolean; tables: string[]; user: string }>(
    `SELECT has_schema_privilege(n.oid, 'USAGE') AS usage, current_user AS "user",
            coalesce(array_agg(c.relname ORDER BY c.relname) FILTER (WHERE NOT has_table_privilege(c.oid, 'SELECT')), '{}')::text[] AS tables
       FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v')
      WHERE n.nspname = 'dayboard' GROUP BY n.oid`,
  );
  return found.rows.flatMap(({ usage, tables, user }): DoctorFinding[] => [
    ...(usage
      ? []
      : [
          {
            verdict: 'fail' as const,
            subject: 'Privilege USAGE on schema dayboard',
            message: `${user} may not look into the ledger.`,
            next: `GRANT USAGE ON SCHEMA dayboard TO ${ident(user)};`,
          },
        ]),
    ...(tables.length === 0
      ? []
      : [
          {
            verdict: 'fail' as const,
            subject: 'Privilege SELECT on the tables of schema dayboard',
            message: `${user} may not read ${tables.slice(0, 3).join(', ')}${tables.length > 3 ? ` and ${tables.length - 3} more` : ''}.`,
            next: `GRANT SELECT ON ALL TABLES IN SCHEMA dayboard TO ${ident(user)};`,
          },
        ]),
  ]);
}

/**
 * What dayboard made is altered, attached, refreshed and dropped by its owner alone, whatever was granted: the ledger,
 * the tables beside it, and the relations of the project that it made.
 */
async function missingOwners(client: pg.Client, project: Project): Promise<DoctorFinding[]> {
  const found = await client.query<{ owner: string; relations: string[]; user: string }>(
    `SELECT pg_get_userbyid(c.relowner) AS owner, current_user AS "user",
            array_agg(n.nspname || '.' || c.relname ORDER BY n.nspname, c.relname)::text[] AS relations
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT pg_has_role(c.relowner, 'USAGE')
        AND (n.nspname = 'dayboard' OR c.oid = ANY ($1::oid[]))
      GROUP BY 1`,
    [await madeHere(client, project)],
  );
  return found.rows.map(({ owner, relations, user }) => ({
    verdict: 'fail',
    subject: `Owner of ${relations.slice(0, 3).join(', ')}${relations.length > 3 ? ` and ${relations.length - 3} more` : ''}`,
    message: `They belong to ${owner}, and ${user} is no member of it: what dayboard made only its owner can change.`,
    next: `GRANT ${ident(owner)} TO ${ident(user)};`,
  }));
}

/** The relations that the ledger says dayboard made for the project. */
async function madeHere(client: pg.Client, project: Project): Promise<string[]> {
  const readable = await client.query<{ is: boolean }>(
    `SELECT coalesce(has_table_privilege(to_regclass('dayboard.relation'), 'SELECT'), false) AS is`,
  );
  if (readable.rows[0]?.is !== true) return [];
  const found = await client.query<{ oid: string }>(
    'SELECT relation_oid AS oid FROM dayboard.relation WHERE project = $1',
    [project.name],
  );
  return found.rows.map(({ oid }) => oid);
}
