import type { ClientBase } from 'pg';
import { ident, qualified } from '../../ledger/sql.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Dataset } from '../../project/model.ts';

/** 'relation.permission': what this user may not do with a raw table, with the statements that would allow it. */
export async function missingRight(
  client: ClientBase,
  dataset: Dataset,
  what: string,
  cause?: unknown,
): Promise<DayboardError> {
  const { schema, name } = dataset.table;
  const found = await client.query<{ user: string; schema: boolean }>(
    'SELECT quote_ident(current_user) AS user, to_regnamespace(quote_ident($1)) IS NOT NULL AS schema',
    [schema],
  );
  const user = found.rows[0]?.user ?? 'USER';
  const grants =
    found.rows[0]?.schema === true
      ? `GRANT USAGE, CREATE ON SCHEMA ${ident(schema)} TO ${user}; and, where the table exists, GRANT SELECT, INSERT, DELETE ON ${qualified(dataset.table)} TO ${user}`
      : `CREATE SCHEMA ${ident(schema)} AUTHORIZATION ${user}`;
  return new DayboardError({
    code: 'relation.permission',
    kind: 'refused',
    message: `This user may not make or fill ${schema}.${name}: ${what}. Nothing was changed.`,
    facts: { dataset: dataset.name, relation: `${schema}.${name}` },
    next: `As an owner run: ${grants}; \`dayboard doctor\` lists all that is missing.`,
    cause,
  });
}
