import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { initialState } from '../../src/console/state.ts';
import { Store } from '../../src/console/store.ts';
import { FAKE_NOW, FakeWorkspace } from '../support/fake-workspace.ts';

let store: Store;
let shown: string[];

beforeEach(() => {
  vi.useFakeTimers();
  const { project, context } = new FakeWorkspace();
  store = new Store(
    initialState({ project, context, size: { columns: 80, rows: 24 }, now: FAKE_NOW, columns: 10, tips: [] }),
  );
  shown = [];
  store.subscribe(() => shown.push(store.snapshot().now));
});

afterEach(() => {
  store.close();
  vi.useRealTimers();
});

const at = (now: string) => (state: ReturnType<Store['snapshot']>) => ({ ...state, now });

it('shows all that keys of one turn did in one redraw', () => {
  for (const now of ['1', '2', '3']) store.update(at(now));
  expect(shown).toEqual([]);
  vi.runAllTicks();
  vi.advanceTimersToNextTimer();
  expect(shown).toEqual(['3']);
});

it('shows data at most four times a second', () => {
  for (let each = 0; each < 1000; each += 10) {
    store.feed(at(String(each)));
    vi.advanceTimersByTime(10);
  }
  expect(shown.length).toBeGreaterThan(2);
  expect(shown.length).toBeLessThanOrEqual(5);
});

it('does not make a key wait for data', () => {
  store.feed(at('data'));
  vi.advanceTimersByTime(250);
  store.feed(at('more data'));
  store.update(at('key'));
  vi.advanceTimersByTime(1);
  expect(shown.at(-1)).toBe('key');
});

it('has the newest state at once for those who decide by it', () => {
  store.feed(at('now'));
  expect(store.current.now).toBe('now');
  expect(store.snapshot().now).toBe(FAKE_NOW);
});

it('shows nothing when nothing changed', () => {
  store.update((state) => state);
  vi.runAllTimers();
  expect(shown).toEqual([]);
});
