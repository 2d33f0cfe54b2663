import type { ClientBase } from 'pg';
import { ident, literal, qualified } from '../../ledger/sql.ts';
import { TRIGGERS, type WorkNames } from './names.ts';
import type { Original } from './original.ts';

/** Columns of the log beside the original's: order, who wrote it, and 1 for a row that came, -1 gone, 0 emptied. */
export const LOG = { seq: '_dayboard_seq', xid: '_dayboard_xid', sign: '_dayboard_sign' } as const;

/**
 * Creates the log of what writers change in the original, and the function that writes it: whole rows that came and
 * went, once per statement. The function is its maker's, so that writers need no rights on the log.
 */
export async function createLog(client: ClientBase, names: WorkNames, original: Original): Promise<void> {
  const { columns } = original;
  const log = qualified(names.log);
  await client.query(
    `CREATE TABLE ${log} (${ident(LOG.seq)} bigint GENERATED ALWAYS AS IDENTITY, ${ident(LOG.xid)} xid8 NOT NULL DEFAULT pg_current_xact_id(),
       ${ident(LOG.sign)} smallint NOT NULL, ${columns.map(({ name, type }) => `${ident(name)} ${type}`).join(', ')})`,
  );
  const list = columns.map(({ name }) => ident(name)).join(', ');
  const write = (sign: 1 | -1, rows: string) =>
    `INSERT INTO ${log} (${ident(LOG.sign)}, ${list}) SELECT ${sign}, ${list} FROM ${rows};`;
  const body = `BEGIN
    IF TG_OP = 'TRUNCATE' THEN INSERT INTO ${log} (${ident(LOG.sign)}) VALUES (0);
    ELSIF TG_OP = 'INSERT' THEN ${write(1, 'came')}
    ELSIF TG_OP = 'DELETE' THEN ${write(-1, 'gone')}
    ELSE ${write(-1, 'gone')} ${write(1, 'came')}
    END IF;
    RETURN NULL;
  END`;
  const capture = qualified(names.capture);
  await client.query(
    `CREATE FUNCTION ${capture}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS ${literal(body)}`,
  );
  await client.query(`REVOKE ALL ON FUNCTION ${capture}() FROM PUBLIC`);
}

/** Lets the log hear of every change from now on. Waits for writers that are at it, not for readers. */
export async function createTriggers(
  client: ClientBase,
  names: WorkNames,
  original: Original,
): Promise<void> {
  const table = qualified(original);
  const call = `FOR EACH STATEMENT EXECUTE FUNCTION ${qualified(names.capture)}()`;
  const [came, gone] = ['NEW TABLE AS came', 'OLD TABLE AS gone'];
  await client.query(
    `CREATE TRIGGER ${TRIGGERS.insert} AFTER INSERT ON ${table} REFERENCING ${came} ${call}`,
  );
  await client.query(
    `CREATE TRIGGER ${TRIGGERS.update} AFTER UPDATE ON ${table} REFERENCING ${gone} ${came} ${call}`,
  );
  await client.query(
    `CREATE TRIGGER ${TRIGGERS.delete} AFTER DELETE ON ${table} REFERENCING ${gone} ${call}`,
  );
  await client.query(`CREATE TRIGGER ${TRIGGERS.truncate} AFTER TRUNCATE ON ${table} ${call}`);
  // Also for writers that replicate.
  for (const trigger of Object.values(TRIGGERS))
    await client.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${trigger}`);
}

/** The statements that take the triggers off a table. They keep its readers out. */
export function dropTriggersSql(table: string): string[] {
  return Object.values(TRIGGERS).map((trigger) => `DROP TRIGGER IF EXISTS ${trigger} ON ${table}`);
}
