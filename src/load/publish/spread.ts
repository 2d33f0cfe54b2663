import type { ClientBase } from 'pg';

/**
 * Lends a further connection to work that can be done at the same time. When none can be lent `work` is not begun, and
 * nothing fails.
 */
export type Lend = (work: (client: ClientBase) => Promise<void>) => Promise<void>;

/**
 * Does tasks on the caller's connection, one after another, and at the same time on those that are lent: whoever is free
 * takes the next. Returns what they gave, in their order. When one fails no other is begun, and those that were have
 * ended when it rejects.
 */
export async function spread<T>(
  client: ClientBase,
  lend: Lend | undefined,
  tasks: ReadonlyArray<(on: ClientBase) => Promise<T>>,
): Promise<T[]> {
  const waiting = [...tasks.entries()];
  const begun: Array<Promise<{ at: number; result: T }>> = [];
  const work = async (on: ClientBase): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, task] = next;
      const doing = task(on).then((result) => ({ at, result }));
      begun.push(doing);
      try {
        await doing;
      } catch (thrown) {
        waiting.length = 0;
        throw thrown;
      }
    }
  };
  // A connection that is still being made when all is done is not waited for: it finds nothing to do.
  if (lend !== undefined) for (const _ of tasks.slice(1)) void lend(work).catch(() => undefined);
  await work(client).catch(() => undefined);
  await Promise.allSettled(begun);
  const done = await Promise.all(begun);
  return done.sort((one, other) => one.at - other.at).map(({ result }) => result);
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
