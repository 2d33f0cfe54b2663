import { Static, Text, useApp, useInput, usePaste } from 'ink';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { clean } from '../clean.ts';
import { createClock } from '../clock.ts';
import { keyNames } from '../keys.ts';
import type { Store } from '../store.ts';
import { pasted } from '../typing.ts';
import { sayings, SILENT } from './sayings.ts';

/** The lines that were said, the newest last; a new list with each change, as React wants it. */
class Speech {
  private lines: readonly string[] = [];
  private told = SILENT;
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
    this.hear();
  }

  subscribe = (listener: () => void): (() => void) =>
    this.store.subscribe(() => {
      if (this.hear()) listener();
    });

  snapshot = (): readonly string[] => this.lines;

  private hear(): boolean {
    const state = this.store.snapshot();
    const { told, lines } = sayings(this.told, state, createClock(state.project.timeZone));
    this.told = told;
    if (lines.length > 0) this.lines = [...this.lines, ...lines.map(clean)];
    return lines.length > 0;
  }
}

/**
 * The console for a screen reader: the same keys, and lines of text that come one after another. Nothing is drawn over
 * and nothing is said by place, colour or shape.
 */
export function Speaker({
  store,
  controller,
  onTerminal,
}: {
  store: Store;
  controller: { press: (key: string) => void };
  onTerminal?: (suspend: (whileAway: () => Promise<void>) => Promise<void>) => void;
}) {
  const speech = useMemo(() => new Speech(store), [store]);
  const lines = useSyncExternalStore(speech.subscribe, speech.snapshot);
  const { suspendTerminal } = useApp();
  useEffect(() => onTerminal?.(suspendTerminal), [onTerminal, suspendTerminal]);
  useInput((input, key) => {
    for (const name of keyNames(input, key)) controller.press(name);
  });
  usePaste((text) => store.update((current) => pasted(current, text)));
  return <Static items={[...lines]}>{(line, index) => <Text key={index}>{line}</Text>}</Static>;
}
