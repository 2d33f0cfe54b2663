import type { Queryable } from '../../ledger/client.ts';
import { ident, qualified } from '../../ledger/sql.ts';
import type { Obstacle } from '../../plan/adoption.ts';
import type { Project } from '../../project/model.ts';
import type { Dependent } from './dependents.ts';
import { fullName, type Original } from './original.ts';
import { TRIGGERS } from './names.ts';

interface Attached {
  kind:
    | 'rule'
    | 'foreign key'
    | 'trigger'
    | 'policy'
    | 'child'
    | 'publication'
    | 'function'
    | 'type'
    | 'sequence';
  what: string;
}

const NEXT: Record<Attached['kind'], string> = {
  rule: 'Drop the rule, or leave the table as it is.',
  'foreign key': 'Drop the foreign key: a partitioned table of daily deliveries cannot keep it.',
  trigger:
    'Drop the trigger, or leave the table as it is: dayboard publishes rows in bulk and may not know what it does.',
  policy: 'Row security cannot be taken over: disable it and drop its policies first, if that is all right.',
  child: 'A table that inherits or is partitioned already cannot be taken over.',
  publication: 'Take the table out of the publication, and put the new one in afterwards.',
  function: 'Drop it, adopt the table, and make it again: its body is bound to this very table.',
  type: "Drop it, or give it a type of its own: it is made of the table's row type.",
  sequence: 'Cut the sequence loose: ALTER SEQUENCE … OWNED BY NONE, and drop the column’s default.',
};

const PARTITIONED: Obstacle = {
  what: 'It is partitioned already.',
  next: 'Leave it as it is: dayboard fills it in place.',
};

/** What hangs on a table and would not come along, one statement for all kinds. */
const ATTACHED = `
  SELECT 'rule' AS kind, format('rule %s', rulename) AS what FROM pg_rewrite WHERE ev_class = $1::oid
  UNION ALL
  SELECT 'rule', format('rule %s of %s', r.rulename, r.ev_class::regclass) FROM pg_rewrite r
   WHERE r.ev_type <> '1' AND r.ev_class <> $1::oid AND r.oid IN
         (SELECT objid FROM pg_depend WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = $1::oid)
  UNION ALL
  SELECT 'foreign key', format('%s of %s', conname, conrelid::regclass) FROM pg_constraint
   WHERE contype = 'f' AND $1::oid IN (conrelid, confrelid)
  UNION ALL
  SELECT 'trigger', format('trigger %s', tgname) FROM pg_trigger WHERE tgrelid = $1::oid AND NOT tgisinternal AND NOT (tgname = ANY ($2))
  UNION ALL
  SELECT 'policy', format('row security of %s', oid::regclass) FROM pg_class WHERE oid = $1::oid AND relrowsecurity
  UNION ALL
  SELECT 'child', format('%s inherits %s', inhrelid::regclass, inhparent::regclass) FROM pg_inherits WHERE $1::oid IN (inhrelid, inhparent)
  UNION ALL
  SELECT 'publication', format('publication %s', pubname) FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = $1::oid
  UNION ALL
  SELECT DISTINCT 'function', pg_describe_object(classid, objid, 0) FROM pg_depend
   WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = $1::oid
  UNION ALL
  SELECT DISTINCT 'type', pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_depend d
    JOIN pg_class c ON c.oid = $1::oid JOIN pg_type t ON t.oid = c.reltype
   WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray) AND d.deptype <> 'i'
  UNION ALL
  SELECT 'sequence', format('sequence %s', objid::regclass) FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::oid AND d.refobjsubid > 0`;

/** What keeps a table from being taken over, other than its columns and rows. */
export async function findObstacles(
  client: Queryable,
  project: Project,
  original: Original,
  dependents: readonly Dependent[],
  isBegun: boolean,
): Promise<Obstacle[]> {
  const ownTriggers = isBegun ? Object.values(TRIGGERS) : [];
  const attached = await client.query<Attached>(ATTACHED, [original.oid, ownTriggers]);
  return [
    ...(original.relkind === 'r' ? [] : [PARTITIONED]),
    ...(original.isOurs
      ? []
      : [notOwner(`${fullName(original)} belongs to ${original.owner}`, original.owner, original.user)]),
    ...attached.rows.map(({ kind, what }) => ({
      what: `There is the ${what} on it.`,
      next: NEXT[kind],
    })),
    ...(await ourViews(client, project, dependents)).obstacles,
    ...dependents.flatMap((view) =>
      view.relkind === 'v' && !view.isOurs
        ? [notOwner(`The view ${fullName(view)} belongs to ${view.owner}`, view.owner, original.user)]
        : [],
    ),
  ];
}

export function notOwner(what: string, owner: string, user: string): Obstacle {
  return {
    what: `${what}, and this user may not act for ${owner}.`,
    next: `As an administrator run: GRANT ${ident(owner)} TO ${user}; or adopt as ${owner}.`,
  };
}

/**
 * Materialized views cannot be bound to another table. Those that dayboard made are rebuilt at their next refresh;
 * somebody else's must be out of the way first.
 */
export async function ourViews(
  client: Queryable,
  project: Project,
  dependents: readonly Dependent[],
): Promise<{ rebuilt: Dependent[]; obstacles: Obstacle[] }> {
  const stored = dependents.filter((each) => each.relkind !== 'v');
  const found = await client.query<{ oid: string }>(
    `SELECT relation_oid::text AS oid FROM dayboard.relation WHERE project = $1 AND kind = 'view' AND relation_oid = ANY ($2::oid[])`,
    [project.name, stored.map(({ oid }) => oid)],
  );
  const made = new Set(found.rows.map(({ oid }) => oid));
  return {
    rebuilt: stored.filter(({ oid }) => made.has(oid)),
    obstacles: stored.filter(({ oid }) => !made.has(oid)).map((view) => inTheWay(project, view)),
  };
}

function inTheWay(project: Project, view: Dependent): Obstacle {
  const rollup = project.rollups.find(
    ({ published }) => published?.schema === view.schema && published.name === view.name,
  );
  const ours = project.views.find(({ schema, name }) => schema === view.schema && name === view.name);
  return {
    what: `The materialized view ${fullName(view)} reads it, and would go on reading the original.`,
    next:
      rollup !== undefined
        ? `Adopt that first: dayboard adopt ${rollup.name}`
        : ours !== undefined
          ? `Let dayboard make it first: say existing: { '${fullName(view)}': 'replace' } in the definition and run dayboard refresh ${ours.name}`
          : `Drop it (DROP MATERIALIZED VIEW ${qualified(view)}), adopt the table, and create it again.`,
  };
}

/** What will not be on the new table, for those who look at the plan. */
export async function lossNotes(
  client: Queryable,
  original: Original,
  kept: readonly string[],
): Promise<string[]> {
  const lost = original.indexes.filter(({ name }) => !kept.includes(name)).map(({ name }) => name);
  const found = await client.query<{ what: string }>(
    `SELECT format('%s (%s)', conname, pg_get_constraintdef(oid)) AS what FROM pg_constraint
      WHERE conrelid = $1::oid AND contype IN ('p', 'u', 'x')
     UNION ALL
     SELECT format('statistics %s', stxname) FROM pg_statistic_ext WHERE stxrelid = $1::oid`,
    [original.oid],
  );
  return [
    ...(lost.length === 0
      ? []
      : [`Indexes that the definition does not have are not on the new table: ${lost.join(', ')}.`]),
    ...(found.rows.length === 0
      ? []
      : [
          `Not on the new table: ${found.rows.map(({ what }) => what).join(', ')}; the key stays unique by its index.`,
        ]),
  ];
}
