import type { ClientBase } from 'pg';
import { isConnectionLoss } from '../../ledger/errors.ts';

/**
 * Lends a further connection to work that can be done at the same time. When none can be lent `work` is not begun, and
 * nothing fails.
 */
export type Lend = (work: (client: ClientBase) => Promise<void>) => Promise<void>;

/**
 * Does tasks on the caller's connection, one after another, and at the same time on those that are lent: whoever is free
 * takes the next. Returns what they gave, in their order. When one fails no other is begun, and those that were have
 * ended when it rejects. What was begun on a lent connection that is lost is done again on another: a task must leave
 * nothing behind when its connection ends.
 */
export async function spread<T>(
  client: ClientBase,
  lend: Lend | undefined,
  tasks: ReadonlyArray<(on: ClientBase) => Promise<T>>,
): Promise<T[]> {
  const waiting = [...tasks.entries()];
  const results = new Map<number, T>();
  const elsewhere = new Set<Promise<void>>();
  let failure: { thrown: unknown } | undefined;
  const perform = async (on: ClientBase, next: (typeof waiting)[number]): Promise<void> => {
    const [at, task] = next;
    try {
      results.set(at, await task(on));
    } catch (thrown) {
      if (on === client || !isConnectionLoss(thrown)) failure ??= { thrown };
      else waiting.push(next);
      if (failure !== undefined) waiting.length = 0;
      throw thrown;
    }
  };
  const lent = async (on: ClientBase): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const doing = perform(on, next);
      const ended = doing
        .catch(() => undefined)
        .then(() => {
          elsewhere.delete(ended);
        });
      elsewhere.add(ended);
      await doing;
    }
  };
  // A connection that is still being made when all is done is not waited for: it finds nothing to do.
  if (lend !== undefined) for (const _ of tasks.slice(1)) void lend(lent).catch(() => undefined);
  for (;;) {
    const next = waiting.shift();
    if (next !== undefined) await perform(client, next).catch(() => undefined);
    else if (elsewhere.size > 0) await Promise.race(elsewhere);
    else break;
  }
  if (failure !== undefined) throw failure.thrown;
  return tasks.map((_, at) => results.get(at) as T);
}

/**
 * Begins work on a connection that is lent, and resolves once it has begun: with what will come of it, or with undefined
 * when there is none to be had. Whoever is given it must wait for it.
 */
export async function beginElsewhere<T>(
  lend: Lend | undefined,
  work: (client: ClientBase) => Promise<T>,
): Promise<{ done: Promise<T> } | undefined> {
  if (lend === undefined) return undefined;
  return new Promise((resolve) => {
    const lent = lend(async (client) => {
      const done = work(client);
      resolve({ done });
      await done;
    });
    // What fails is told by `done`; when nothing was begun there is nothing to tell.
    const nothing = () => resolve(undefined);
    lent.then(nothing, nothing);
  });
}
