import { expect } from 'vitest';
import type { Awaited } from './screen.ts';

interface Shows {
  waitFor(awaited: Awaited, timeoutMs?: number): Promise<string[]>;
}

/** `await expect(screen).toShow('text')`: the screen shows it, now or as soon as it is drawn. */
expect.extend({
  async toShow(screen: Shows, awaited: Awaited) {
    try {
      await screen.waitFor(awaited);
      return { pass: true, message: () => `The screen shows ${String(awaited)}.` };
    } catch (error) {
      return { pass: false, message: () => (error instanceof Error ? error.message : String(error)) };
    }
  },
});

declare module 'vitest' {
  // The parameters must be those of the interface that is merged with.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    toShow(awaited: Awaited): Promise<void>;
  }
}
