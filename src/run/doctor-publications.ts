import type pg from 'pg';
import { qualified } from '../ledger/sql.ts';
import { type Publication, publicationsOf } from '../load/publish/like-parent.ts';
import type { Dataset, Project } from '../project/model.ts';
import type { DoctorFinding } from './workspace.ts';

/** What logical replication of raw tables needs, and does not say before it fails. */
export async function* examinePublications(
  client: pg.Client,
  project: Project,
): AsyncIterable<DoctorFinding> {
  let all: Publication | undefined;
  for (const dataset of project.datasets.filter((each) => each.off === undefined)) {
    const publications = await publicationsOf(client, dataset.table);
    all ??= publications.find(({ allTables }) => allTables);
    const deletes = publications.find((each) => each.deletes);
    if (deletes === undefined) continue;
    const without = await withoutIdentity(client, dataset);
    if (without.length > 0) yield cannotDelete(dataset, deletes, without);
  }
  if (all !== undefined)
    yield {
      verdict: 'warn',
      subject: `Publication ${all.name}`,
      message:
        "It is of all tables, so that it sends dayboard's own, too, which come and go with each delivery.",
      next: 'Name the tables in the publication that subscribers need.',
    };
}

/** The table, or its partitions, that rows cannot be deleted from. */
async function withoutIdentity(client: pg.Client, { table }: Dataset): Promise<string[]> {
  const found = await client.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name
       FROM (SELECT to_regclass($1) AS oid UNION SELECT relid FROM pg_partition_tree(to_regclass($1)) WHERE isleaf) parts JOIN pg_class c ON c.oid = parts.oid
      WHERE (c.relreplident = 'n' OR (c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)))
      ORDER BY 1`,
    [qualified(table)],
  );
  return found.rows.map(({ name }) => name);
}

function cannotDelete({ table }: Dataset, { name }: Publication, without: readonly string[]): DoctorFinding {
  const shown = without.slice(0, 3).join(', ') + (without.length > 3 ? ', …' : '');
  return {
    verdict: 'fail',
    subject: `Publication ${name}`,
    message: `It sends what is deleted from ${table.schema}.${table.name}, and ${without.length} of the table and its partitions (${shown}) have no replica identity: PostgreSQL refuses to delete rows there, as a delivery that is loaded again does.`,
    next: `ALTER TABLE … REPLICA IDENTITY FULL (or USING INDEX) for each of them; partitions that dayboard makes take it from ${table.schema}.${table.name}. Or let the publication leave deletes out: ALTER PUBLICATION … SET (publish = 'insert').`,
  };
}
