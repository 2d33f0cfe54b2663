/** Statements that begin or end a transaction themselves, or may not stand in one. */
const OF_TRANSACTIONS = new Set(['abort', 'begin', 'start', 'commit', 'end', 'rollback']);
const NEVER_WITHIN = new Set(['vacuum', 'cluster']);
const WITH_DATABASE = new Set(['create', 'drop']);
const CLUSTER_WIDE = new Set(['database', 'tablespace']);

const SKIPPED = /^(?:\s+|--[^\n]*|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*))*\*\/)+/;

/** The first words of a statement in lower case; comments before and between them do not count. */
export function leadingWords(text: string, count: number): string[] {
  const words: string[] = [];
  let rest = text;
  while (words.length < count) {
    rest = rest.replace(SKIPPED, '');
    const word = /^[A-Za-z_]+/.exec(rest)?.[0];
    if (word === undefined) break;
    words.push(word.toLowerCase());
    rest = rest.slice(word.length);
  }
  return words;
}

/** Whether AUTOCOMMIT off begins no transaction before a statement, as psql decides it from its first words. */
export function needsNoTransaction(text: string): boolean {
  const [first = '', second = '', third = '', fourth = ''] = leadingWords(text, 4);
  if (OF_TRANSACTIONS.has(first) || NEVER_WITHIN.has(first)) return true;
  if (first === 'prepare') return second === 'transaction';
  if (first === 'alter') return second === 'system';
  if (first === 'discard') return second === 'all';
  if (first === 'reindex') return CLUSTER_WIDE.has(second) || second === 'system' || third === 'concurrently';
  if (!WITH_DATABASE.has(first)) return false;
  if (CLUSTER_WIDE.has(second)) return true;
  if (second === 'index') return third === 'concurrently';
  return first === 'create' && second === 'unique' && third === 'index' && fourth === 'concurrently';
}

/** Whether a command, by its tag, ends the savepoint that was set before it. */
export function touchesSavepoints(tag: string): boolean {
  return ['COMMIT', 'SAVEPOINT', 'RELEASE', 'ROLLBACK'].includes(tag);
}
