import type { parseSync } from 'libpg-query/wasm/index.js';
import type { StatementClass } from '../plan/script.ts';
import { leadingWords } from './leading-words.ts';

/** What one statement does, and what it names. */
export interface Classified {
  does: StatementClass;
  objects: string[];
  /** The parser's name of it: 'SelectStmt'. */
  node: string;
  /** Ends or changes the transaction that it stands in, or what later ones may do. */
  changesTransaction: boolean;
  /** Reads or writes files of the server, or starts its programs. */
  usesServerFiles: boolean;
}

type Node = Readonly<Record<string, unknown>>;

let parser: { parseSync: typeof parseSync } | undefined;

/** Loads PostgreSQL's parser, which `classify` needs: only scripts wait for it. */
export async function loadParser(): Promise<void> {
  const { loadModule, parseSync: parse } = await import('libpg-query/wasm/index.js');
  await loadModule();
  parser = { parseSync: parse };
}

/**
 * What a text does that is sent at once: one entry for each statement in it. PostgreSQL's own parser decides; what it
 * cannot read, for variables that are not known yet, is 'unknown', and so is what calls a function that is not built in.
 */
export function classify(text: string, builtIn: ReadonlySet<string>): Classified[] {
  if (parser === undefined) throw new RangeError('the parser is not loaded');
  let parsed: ReturnType<typeof parseSync>;
  try {
    parsed = parser.parseSync(text);
  } catch {
    return [{ ...nothing(leadingWords(text, 1)[0] ?? ''), does: 'unknown' }];
  }
  return (parsed.stmts ?? []).map(({ stmt }) => statement((stmt ?? {}) as Node, builtIn));
}

function nothing(node: string): Classified {
  return { does: 'read', objects: [], node, changesTransaction: false, usesServerFiles: false };
}

const READS = new Set(['VariableShowStmt', 'DeclareCursorStmt', 'FetchStmt', 'ClosePortalStmt']);
const WRITES = new Set(['InsertStmt', 'MergeStmt', 'RefreshMatViewStmt', 'VacuumStmt', 'NotifyStmt']);
const DESTRUCTIVE = new Set(['TruncateStmt', 'DropStmt']);
/** Known only when they run. */
const UNKNOWN = new Set(['DoStmt', 'CallStmt', 'ExecuteStmt']);
const SESSION = new Set([
  'TransactionStmt',
  'VariableSetStmt',
  'DiscardStmt',
  'LockStmt',
  'ListenStmt',
  'UnlistenStmt',
  'ConstraintsSetStmt',
  'CheckPointStmt',
  'LoadStmt',
  'DeallocateStmt',
]);
/** Functions of PostgreSQL's own that change something: rows, large objects, other sessions, slots, the server. */
const WRITING = new RegExp(
  `^(${[
    'nextval|setval|lo_\\w+|pg_notify',
    'pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile|pg_promote|pg_switch_wal',
    'pg_logical_\\w+|pg_replication_\\w+|pg_(create|copy|drop|sync)_\\w*replication_slots?',
    'pg_wal_replay_(pause|resume)|pg_create_restore_point|pg_backup_(start|stop)',
    'pg_stat_reset\\w*|pg_(clear|restore)_\\w+_stats|pg_import_system_collations',
    'brin_(de)?summarize_\\w+|gin_clean_pending_list',
  ].join('|')})$`,
);
/** Settings, and forms of SET, that decide whether a session may write. */
const DECIDES = /^(transaction|session characteristics|(default_)?transaction_read_only)$/i;

function statement(tree: Node, builtIn: ReadonlySet<string>): Classified {
  const { node, body } = named(tree);
  const called = functionsOf(tree);
  const others = called.filter((name) => !builtIn.has(name));
  const does = classOf(node, body, called);
  const destroys = (does === 'write' || makesTable(node, body)) && nested(body).includes('destructive');
  return {
    node,
    does: destroys ? 'destructive' : does === 'read' && others.length > 0 ? 'unknown' : does,
    objects: [...relationsOf(tree), ...others.map((name) => `${name}()`)],
    changesTransaction:
      (node === 'TransactionStmt' && !/SAVEPOINT|RELEASE|ROLLBACK_TO/.test(word(body['kind']))) ||
      (node === 'VariableSetStmt' && DECIDES.test(word(body['name']))),
    usesServerFiles: node === 'CopyStmt' && (body['filename'] !== undefined || body['is_program'] === true),
  };
}

/** Whether a query's rows become a table: CREATE TABLE AS, SELECT INTO. */
function makesTable(node: string, body: Node): boolean {
  return node === 'CreateTableAsStmt' || body['intoClause'] !== undefined;
}

function classOf(node: string, body: Node, called: readonly string[]): StatementClass {
  const inner = body['query'] as Node | undefined;
  if (node === 'SelectStmt') return selectClass(body, called);
  if (node === 'UpdateStmt' || node === 'DeleteStmt')
    return body['whereClause'] === undefined ? 'destructive' : 'write';
  if (node === 'CopyStmt') {
    if (body['is_from'] === true) return 'write';
    if (body['filename'] !== undefined) return 'write';
    return inner === undefined ? 'read' : classOfInner(inner, called);
  }
  if (node === 'ExplainStmt')
    return isAnalyzed(body) && inner !== undefined ? classOfInner(inner, called) : 'read';
  if (node === 'PrepareStmt') return inner === undefined ? 'unknown' : classOfInner(inner, called);
  if (node === 'AlterTableStmt') return dropsColumn(body) ? 'destructive' : 'ddl';
  if (READS.has(node)) return 'read';
  if (WRITES.has(node)) return 'write';
  if (UNKNOWN.has(node)) return 'unknown';
  if (SESSION.has(node)) return 'session';
  if (DESTRUCTIVE.has(node) || node.startsWith('Drop')) return 'destructive';
  // All others define, alter, grant, comment or rename.
  return 'ddl';
}

function classOfInner(tree: Node, called: readonly string[]): StatementClass {
  const { node, body } = named(tree);
  return classOf(node, body, called);
}

/** The one node that a tree begins with. */
function named(tree: Node): { node: string; body: Node } {
  const [node, body] = Object.entries(tree)[0] ?? ['', {}];
  return { node, body: body as Node };
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function selectClass(body: Node, called: readonly string[]): StatementClass {
  if (body['intoClause'] !== undefined) return 'ddl';
  const found = nested(body);
  const worst = found.find((each) => each === 'destructive') ?? found[0];
  if (worst !== undefined) return worst;
  return 'lockingClause' in body || called.some((name) => WRITING.test(name)) ? 'write' : 'read';
}

/** Classes of the data-changing statements in WITH, however deep. */
function nested(node: unknown): StatementClass[] {
  const found: StatementClass[] = [];
  walk(node, (name, body) => {
    if (/^(Insert|Update|Delete|Merge)Stmt$/.test(name)) found.push(classOf(name, body, []));
  });
  return found;
}

function isAnalyzed(body: Node): boolean {
  const options = (body['options'] ?? []) as ReadonlyArray<Record<string, Node>>;
  return options.some(({ DefElem }) => DefElem?.['defname'] === 'analyze');
}

function dropsColumn(body: Node): boolean {
  const commands = (body['cmds'] ?? []) as ReadonlyArray<Record<string, Node>>;
  return commands.some(({ AlterTableCmd }) => AlterTableCmd?.['subtype'] === 'AT_DropColumn');
}

/** The functions that a statement calls, each once. */
function functionsOf(tree: Node): string[] {
  const called = new Set<string>();
  walk(tree, (name, body) => {
    if (name === 'FuncCall') called.add(dotted(body['funcname']).replace(/^pg_catalog\./, ''));
  });
  return [...called];
}

/** The relations that a statement names, each once; names of its own WITH are none. */
function relationsOf(tree: Node): string[] {
  const own = new Set<string>();
  const objects = new Set<string>();
  walk(tree, (name, body) => {
    if (name === 'CommonTableExpr') own.add(word(body['ctename']));
  });
  walk(tree, (name, body) => {
    if (name === 'RangeVar') {
      const schema = word(body['schemaname']);
      const relation = word(body['relname']);
      if (schema !== '' || !own.has(relation))
        objects.add(schema === '' ? relation : `${schema}.${relation}`);
    } else if (name === 'DropStmt')
      for (const object of (body['objects'] ?? []) as Node[]) objects.add(dotted(object));
  });
  return [...objects].filter((name) => name !== '');
}

/** The words of a name, wherever the parser put them: 'schema.name'. */
function dotted(node: unknown): string {
  const words: string[] = [];
  walk({ node }, (name, body) => {
    if (name === 'String') words.push(word(body['sval']));
  });
  return words.join('.');
}

/** Visits every node of a parse tree with its name; RangeVars stand without one in some statements. */
function walk(node: unknown, visit: (name: string, body: Node) => void): void {
  if (Array.isArray(node)) {
    for (const each of node) walk(each, visit);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  for (const [name, body] of Object.entries(node)) {
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
      const isRelation = 'relname' in body && 'relpersistence' in body;
      visit(isRelation ? 'RangeVar' : name, body as Node);
    }
    walk(body, visit);
  }
}
