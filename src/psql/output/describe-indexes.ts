import type { DescribeContext } from './describe-context.ts';
import type { Relation } from './describe-relation.ts';

const YES = 't';

/** A constraint of the index that has a property, where the index is checked late. */
function late(property: string): string {
  return `(not i.indimmediate) and exists (select from pg_catalog.pg_constraint con
    where con.conrelid = i.indrelid and con.conindid = i.indexrelid and con.contype in ('p', 'u', 'x') and con.${property})`;
}

/** Below an index: what it is, and of which table. */
export async function indexFooters(relation: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } =
    await context.query(`select i.indisprimary, i.indisunique, i.indnullsnotdistinct, am.amname,
  tab.relname, pg_catalog.pg_get_expr(i.indpred, i.indrelid, true), i.indisclustered, i.indisvalid,
  ${late('condeferrable')}, ${late('condeferred')}, i.indisreplident
from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_class tab on tab.oid = i.indrelid
  join pg_catalog.pg_am am on am.oid = c.relam
where i.indexrelid = ${relation.oid}`);
  const lines = rows.map((row) => {
    const [
      primary,
      unique,
      nullsEqual,
      method,
      table,
      predicate,
      clustered,
      valid,
      deferrable,
      deferred,
      replica,
    ] = row;
    const uniqueWord = nullsEqual === YES ? 'unique nulls not distinct, ' : 'unique, ';
    const start = primary === YES ? 'primary key, ' : unique === YES ? uniqueWord : '';
    return [
      `${start}${method ?? ''}, for table "${relation.schema}.${table ?? ''}"`,
      predicate === null || predicate === '' ? '' : `, predicate (${predicate ?? ''})`,
      clustered === YES ? ', clustered' : '',
      valid === YES ? '' : ', invalid',
      deferrable === YES ? ', deferrable' : '',
      deferred === YES ? ', initially deferred' : '',
      replica === YES ? ', replica identity' : '',
    ].join('');
  });
  // Those of a partitioned index come with the lines that every relation has.
  const tablespace = relation.tablespace !== '' ? [`Tablespace: "${relation.tablespace}"`] : [];
  return relation.kind === 'I' ? lines : [...lines, ...tablespace];
}

/** Below a table: its indexes. */
export async function indexesFooters({ oid }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select c.relname, i.indisprimary, i.indisunique, con.contype,
  pg_catalog.pg_get_constraintdef(con.oid, true), pg_catalog.pg_get_indexdef(i.indexrelid, 0, true),
  con.condeferrable, con.condeferred, i.indisclustered, i.indisvalid, i.indisreplident,
  (select s.spcname from pg_catalog.pg_tablespace s where s.oid = c.reltablespace)
from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  left join pg_catalog.pg_constraint con
    on con.conrelid = i.indrelid and con.conindid = i.indexrelid and con.contype in ('p', 'u', 'x')
where i.indrelid = ${oid}
order by i.indisprimary desc, c.relname`);
  return rows.length === 0 ? [] : ['Indexes:', ...rows.map(indexLine)];
}

function indexLine(row: ReadonlyArray<string | null>): string {
  const [name, , , type, constraint, , , , clustered, valid, replica, tablespace] = row;
  return [
    `    "${name ?? ''}"`,
    type === 'x' ? ` ${constraint ?? ''}` : indexText(row),
    clustered === YES ? ' CLUSTER' : '',
    valid === YES ? '' : ' INVALID',
    replica === YES ? ' REPLICA IDENTITY' : '',
    tablespace === null || tablespace === undefined ? '' : `, tablespace "${tablespace}"`,
  ].join('');
}

/** Primary key or unique, then what CREATE INDEX has after USING. */
function indexText([, primary, unique, type, , definition, deferrable, deferred]: ReadonlyArray<
  string | null
>): string {
  const constraint = type === 'u' ? ' UNIQUE CONSTRAINT,' : ' UNIQUE,';
  const start = primary === YES ? ' PRIMARY KEY,' : unique === YES ? constraint : '';
  const text = definition ?? '';
  const using = text.indexOf(' USING ');
  return [
    `${start} ${using < 0 ? text : text.slice(using + ' USING '.length)}`,
    deferrable === YES ? ' DEFERRABLE' : '',
    deferred === YES ? ' INITIALLY DEFERRED' : '',
  ].join('');
}
