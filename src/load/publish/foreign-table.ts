import type { ClientBase } from 'pg';
import { qualified } from '../../ledger/sql.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Dataset } from '../../project/model.ts';
import { typeFamily } from '../column-types.ts';
import { missingRight } from './missing-right.ts';

interface ForeignColumn {
  name: string;
  type: string;
  required: boolean;
}

/**
 * Checks that a table which dayboard did not make can be filled in place: it is a table, has every column of the
 * definition with a type of the same kind, demands no other, and may be filled by this user. 'relation.kind',
 * 'relation.columns' or 'relation.permission' otherwise.
 */
export async function checkForeignTable(client: ClientBase, dataset: Dataset): Promise<void> {
  const { schema, name } = dataset.table;
  const relation = `${schema}.${name}`;
  const found = await client.query<{ relkind: string }>(
    'SELECT relkind::text FROM pg_class WHERE oid = $1::regclass',
    [qualified(dataset.table)],
  );
  if (!['r', 'p'].includes(found.rows[0]?.relkind ?? '')) {
    throw new DayboardError({
      code: 'relation.kind',
      kind: 'refused',
      message: `${relation} exists and is no table, so rows of ${dataset.name} cannot go there. Nothing was changed.`,
      facts: { relation, dataset: dataset.name },
      next: 'Rename it, or name another table in the definition.',
    });
  }
  const denied = await deniedRights(client, dataset);
  if (denied.length > 0) throw await missingRight(client, dataset, `no ${denied.join(', ')} on it`);
  const differences = differencesOf(dataset, await readColumns(client, dataset));
  if (differences.length === 0) return;
  throw new DayboardError({
    code: 'relation.columns',
    kind: 'refused',
    message: `${relation} was not made by dayboard and does not fit the definition: ${differences.join('; ')}. Nothing was changed.`,
    facts: { relation, dataset: dataset.name },
    next: 'Change the table by hand, or the definition, or name another table in the definition.',
  });
}

async function deniedRights(client: ClientBase, dataset: Dataset): Promise<string[]> {
  const found = await client.query<{ right: string }>(
    `SELECT wanted AS right FROM unnest(ARRAY['SELECT', 'INSERT', 'DELETE']) AS wanted
      WHERE NOT has_table_privilege($1::regclass, wanted)`,
    [qualified(dataset.table)],
  );
  return found.rows.map((row) => row.right);
}

async function readColumns(client: ClientBase, dataset: Dataset): Promise<ForeignColumn[]> {
  const found = await client.query<ForeignColumn>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type,
            attnotnull AND NOT atthasdef AND attidentity = '' AS required
       FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [qualified(dataset.table)],
  );
  return found.rows;
}

function differencesOf(dataset: Dataset, there: readonly ForeignColumn[]): string[] {
  const differences: string[] = [];
  for (const column of dataset.table.columns) {
    const found = there.find((each) => each.name === column.name);
    if (found === undefined) differences.push(`column ${column.name} is missing`);
    else if (typeFamily(found.type) !== typeFamily(column.type)) {
      differences.push(`column ${column.name} is ${found.type} there and ${column.type} in the definition`);
    }
  }
  for (const column of there) {
    const filled = dataset.table.columns.some((each) => each.name === column.name);
    if (column.required && !filled)
      differences.push(`column ${column.name} must have a value and the definition has none`);
  }
  return differences;
}
