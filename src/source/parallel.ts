/**
 * Does `work` for every item, at most `limit` at a time, and yields what each gives as soon as it is there. After
 * the first failure, and when the caller stops early, the signal that `work` is handed is aborted.
 */
export async function* inParallel<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): AsyncGenerator<R> {
  const stop = new AbortController();
  const running = new Map<number, Promise<{ id: number; result: R }>>();
  const waiting = items[Symbol.iterator]();
  let id = 0;
  const start = (): void => {
    const next = waiting.next();
    if (next.done) return;
    const own = id++;
    const task = work(next.value, stop.signal).then((result) => ({ id: own, result }));
    // Its failure is met in the race; until then nobody may take it for one that nobody handles.
    task.catch(() => undefined);
    running.set(own, task);
  };
  try {
    for (let i = 0; i < limit; i++) start();
    while (running.size > 0) {
      const done = await Promise.race(running.values());
      running.delete(done.id);
      start();
      yield done.result;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(running.values());
  }
}
