import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { databaseError, errorCode } from '../../ledger/errors.ts';
import { usersOf } from '../../ledger/lock-users.ts';
import { ident, literal, qualified } from '../../ledger/sql.ts';
import { DayboardError } from '../../project/errors.ts';
import type { AdoptProgress } from '../../plan/adoption.ts';
import type { RelationName } from '../../project/model.ts';
import type { AdoptOptions } from './context.ts';

/**
 * How long a try waits for those who use a relation, in milliseconds: later readers wait behind it for as long. The
 * promise is 50 ms for all, so that the statements after it must be few and cheap.
 */
const WAIT = 15;

/** How long vacuum is given to make way, in milliseconds. Nobody else waits for it. */
const VACUUM_WAIT = 3_000;

/** How long is waited between two tries, and for how long tries go on, in milliseconds. */
const PAUSE = 200;
const PATIENCE = 60_000;

/** How a step of an adoption waits for others. */
export function patienceOf(
  { client, signal, patience = PATIENCE, progress }: Omit<AdoptOptions, 'dataset'>,
  step: AdoptProgress['step'],
): Patience {
  return {
    client,
    signal,
    patience,
    onWait: (who) => progress({ step, message: `waiting for a moment in which nobody uses it: ${who}` }),
  };
}

/** A relation that nobody may use meanwhile. */
export interface Held extends RelationName {
  owner: string;
}

/** Who waits, and how long. */
export interface Patience {
  client: ClientBase;
  signal: AbortSignal;
  /** For how long tries go on, in milliseconds. */
  patience: number;
  /** Called once when somebody is in the way for the first time. */
  onWait: (who: string) => void;
}

export interface Brief extends Patience {
  /** Views before what they read, as their readers lock them: then nobody waits in a circle. */
  held: readonly Held[];
  /** Statements to be run in one transaction, sent in one message: no way over the network is part of the wait. */
  statements: readonly string[];
  /** The caller's transaction is open already, and is committed with the statements. */
  isOpen?: boolean;
}

/**
 * Runs statements while nobody uses the relations, without keeping readers out for longer than a moment: it waits in
 * the queue for an instant only, makes way, and tries again. All or nothing of it is done.
 *
 * Errors: 'adopt.in-use' (refused) when there was no such moment; what the statements raise, as it is.
 */
export async function briefly(brief: Brief): Promise<void> {
  const { client, isOpen = false } = brief;
  const text = textOf(brief);
  // 57014: the wait was over.
  await untilFree(brief, brief.held, ['55P03', '40P01', '57014'], async () => {
    try {
      await client.query(text);
    } catch (thrown) {
      await client.query(isOpen ? 'ROLLBACK TO SAVEPOINT brief' : 'ROLLBACK').catch(() => undefined);
      throw thrown;
    }
  });
}

/**
 * Tries again while others are in the way, who are named to whoever waits. `work` must leave nothing behind when it
 * fails, and limit how long it waits itself. 'adopt.in-use' (refused) when patience has run out.
 */
export async function untilFree<T>(
  { client, signal, patience, onWait }: Patience,
  relations: readonly RelationName[],
  busy: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const end = performance.now() + patience;
  let told = false;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (thrown) {
      if (!busy.includes(errorCode(thrown) ?? '')) throw thrown;
      signal.throwIfAborted();
      const who = await usersOf(client, relations);
      if (performance.now() > end) throw inUse(relations, who, thrown);
      if (!told && who !== '') onWait(who);
      told ||= who !== '';
    }
    await delay(PAUSE * (0.5 + Math.random()), undefined, { signal });
  }
}

/**
 * A table's weaker lock comes first: it keeps nobody out but vacuum, which gives way to it, and would not to a try
 * that short. Then all of them at once, by a statement that changes nothing and takes the lock of every kind of
 * relation; LOCK would take what a view reads as well.
 */
function textOf({ held, statements, isOpen = false }: Brief): string {
  const table = held.at(-1);
  const lock = held.map((each) => `ALTER TABLE ${qualified(each)} OWNER TO ${ident(each.owner)};`);
  return [
    isOpen ? 'SAVEPOINT brief' : 'BEGIN',
    // A commit that a crash takes back has not happened, and nothing after it has: the locks need not wait for the disk.
    'SET LOCAL synchronous_commit = off',
    `SET LOCAL lock_timeout = ${VACUUM_WAIT}`,
    ...(table === undefined
      ? []
      : [
          `DO $do$ BEGIN IF (SELECT relkind FROM pg_class WHERE oid = ${literal(qualified(table))}::regclass) IN ('r', 'p')
             THEN LOCK TABLE ONLY ${qualified(table)} IN SHARE UPDATE EXCLUSIVE MODE; END IF; END $do$`,
        ]),
    `SET LOCAL lock_timeout = ${WAIT}`,
    `SET LOCAL statement_timeout = ${WAIT}`,
    `DO $do$ BEGIN ${lock.join(' ')} END $do$`,
    'SET LOCAL statement_timeout = 0',
    ...statements,
    'COMMIT',
  ].join(';\n');
}

function inUse(relations: readonly RelationName[], who: string, cause: unknown): DayboardError {
  const name = relations.map(({ schema, name: each }) => `${schema}.${each}`).join(', ');
  return new DayboardError({
    code: 'adopt.in-use',
    kind: 'refused',
    message: `${name} was in use all the time, so there was no moment for what had to be done. It is as it was, and its readers were not kept waiting.`,
    facts: { relation: name, ...(who === '' ? {} : { by: who }) },
    next: 'Wait until they have ended (or end them: pg_terminate_backend), and run it again: it goes on where it is.',
    cause: databaseError(cause),
  });
}
