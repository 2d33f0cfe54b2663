import type { DescribeContext } from './describe-context.ts';
import type { Relation } from './describe-relation.ts';
import { constraintFooters } from './describe-constraints.ts';
import { indexFooters, indexesFooters } from './describe-indexes.ts';
import {
  policyFooters,
  publicationFooters,
  ruleFooters,
  statisticsFooters,
  triggerFooters,
} from './describe-attached.ts';
import { childFooters, parentFooters, partitionFooters } from './describe-inheritance.ts';

/** The lines below a relation's columns, in psql's order. */
export async function relationFooters(
  relation: Relation,
  verbose: boolean,
  context: DescribeContext,
): Promise<string[]> {
  const { kind } = relation;
  const holdsRows = 'rmfpt'.includes(kind);
  const isIndex = kind === 'i' || kind === 'I';
  return [
    ...(relation.isPartition ? await partitionFooters(relation, verbose, context) : []),
    ...(kind === 'p' ? await partitionKey(relation, context) : []),
    ...(kind === 't' ? await owningTable(relation, context) : []),
    ...(isIndex ? await indexFooters(relation, context) : []),
    ...(holdsRows ? await tableFooters(relation, context) : []),
    ...('vm'.includes(kind) && verbose ? await viewDefinition(relation, context) : []),
    ...(kind === 'v' && verbose && relation.hasRules ? await ruleFooters(relation, context) : []),
    ...(relation.hasTriggers ? await triggerFooters(relation, context) : []),
    ...(kind === 'f' ? await serverFooters(relation, context) : []),
    ...(holdsRows || kind === 'I' ? await parentFooters(relation, context) : []),
    ...(holdsRows || kind === 'I' ? await childFooters(relation, verbose, context) : []),
    ...(holdsRows || kind === 'I' ? ownFooters(relation, verbose) : []),
    ...(verbose && relation.options !== '' ? [`Options: ${relation.options}`] : []),
  ];
}

async function tableFooters(relation: Relation, context: DescribeContext): Promise<string[]> {
  return [
    ...(relation.hasIndexes ? await indexesFooters(relation, context) : []),
    ...(await constraintFooters(relation, context)),
    ...(await policyFooters(relation, context)),
    ...(await statisticsFooters(relation, context)),
    ...(relation.hasRules && relation.kind !== 'm' ? await ruleFooters(relation, context) : []),
    ...(await publicationFooters(relation, context)),
  ];
}

/** What the relation's own row in pg_class tells. */
function ownFooters(relation: Relation, verbose: boolean): string[] {
  const { kind, replicaIdentity, schema, accessMethod } = relation;
  const lines: string[] = [];
  if (relation.ofType !== '') lines.push(`Typed table of type: ${relation.ofType}`);
  const usual = schema === 'pg_catalog' ? 'n' : 'd';
  if (verbose && 'rm'.includes(kind) && replicaIdentity !== 'i' && replicaIdentity !== usual) {
    const identities: Readonly<Record<string, string>> = { f: 'FULL', n: 'NOTHING' };
    lines.push(`Replica Identity: ${identities[replicaIdentity] ?? '???'}`);
  }
  if (relation.tablespace !== '') lines.push(`Tablespace: "${relation.tablespace}"`);
  if (verbose && accessMethod !== null) lines.push(`Access method: ${accessMethod}`);
  return lines;
}

async function partitionKey({ oid }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select pg_catalog.pg_get_partkeydef(${oid})`);
  return rows.map(([key]) => `Partition key: ${key ?? ''}`);
}

async function owningTable({ oid }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select n.nspname, c.relname
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.reltoastrelid = ${oid}`);
  return rows.map(([schema, name]) => `Owning table: "${schema ?? ''}.${name ?? ''}"`);
}

async function viewDefinition({ oid }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select pg_catalog.pg_get_viewdef(${oid}::pg_catalog.oid, true)`);
  return rows.flatMap(([definition]) => (definition === null ? [] : ['View definition:', definition ?? '']));
}

async function serverFooters({ oid }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select s.srvname, pg_catalog.array_to_string(array(
    select pg_catalog.quote_ident(option_name) || ' ' || pg_catalog.quote_literal(option_value)
      from pg_catalog.pg_options_to_table(f.ftoptions)), ', ')
from pg_catalog.pg_foreign_table f join pg_catalog.pg_foreign_server s on s.oid = f.ftserver
where f.ftrelid = ${oid}`);
  return rows.flatMap(([server, options]) => [
    `Server: ${server ?? ''}`,
    ...(options === null || options === '' ? [] : [`FDW options: (${options ?? ''})`]),
  ]);
}
