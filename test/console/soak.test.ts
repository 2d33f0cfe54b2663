import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { ACTIONS } from '../../src/actions/list.ts';
import { openConsole } from '../support/console.ts';
import '../support/show.ts';

/** scripts/soak presses longer than CI does. */
const KEYS = Number(process.env.DAYBOARD_SOAK_KEYS ?? 600);
const SEED = Number(process.env.DAYBOARD_SOAK_SEED ?? 20_261_123);
/** Keys between two looks at whether the console still answers. */
const ROUND = 100;
/** The longest that leaving everything may take. */
const STUCK_MS = 6000;
/** What caches and logs may take. */
const MOST_GROWTH = 80 * 2 ** 20;

/** Numbers from 0 to 1 that are the same each time. */
function randomness(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const TEXTS = [
  'sync yesterday',
  'table crisp',
  '2026-11-02',
  'visits !day',
  'run 1841',
  '🙂é漢',
  '-3',
  '   ',
];
const SIZES: ReadonlyArray<readonly [number, number]> = [
  [80, 24],
  [60, 16],
  [200, 50],
  [40, 10],
  [100, 30],
  [300, 80],
];

it('answers after any keys, sizes and changes in any order, and grows by no more than its caches', async () => {
  const random = randomness(SEED);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const keys = ACTIONS.filter(
    (action) => !['quit', 'leave.wait', 'leave.step', 'leave.now'].includes(action.id),
  )
    .flatMap((action) => action.keys)
    .flatMap((key) => key.split(' '))
    .filter((key) => key !== 'ctrl-c');
  const console = openConsole({ options: { relistSeconds: 1 } });
  const pressed: string[] = [];
  const press = (key: string) => {
    pressed.push(key);
    console.press(key);
  };
  await expect(console.screen).toShow('2 failed');
  let before = 0;
  for (let round = 0; round < KEYS / ROUND; round += 1) {
    for (let index = 0; index < ROUND; index += 1) {
      const chance = random();
      if (chance < 0.04) {
        const text = pick(TEXTS);
        pressed.push(`"${text}"`);
        console.type(text);
      } else if (chance < 0.07) console.resize(...pick(SIZES));
      else if (chance < 0.1) console.workspace.beat();
      else if (chance < 0.11) console.workspace.tell({ kind: 'changed' });
      else press(pick(keys));
      // An escape that is read with the next key is another key.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await answers(console, pressed.splice(0));
    // What was written is the harness's memory, not the console's.
    console.output.length = 0;
    if (round === 1) before = heap();
  }
  const growth = heap() - before;
  if (KEYS > 600)
    process.stdout.write(`${KEYS} keys of seed ${SEED}: ${(growth / 2 ** 20).toFixed(1)} MiB more\n`);
  expect(growth).toBeLessThan(MOST_GROWTH);
  console.press('ctrl-c', 'ctrl-c', 'ctrl-c');
  await console.ended;
  await console.workspace.close();
}, 600_000);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** Whatever is open is left with Esc, and then the board is shown and moves. */
async function answers(console: ReturnType<typeof openConsole>, pressed: readonly string[]): Promise<void> {
  console.resize(100, 30);
  const isBoard = () => {
    const lines = console.screen.lines();
    return (lines[0] ?? '').includes('› board') && (lines.at(-1) ?? '').includes('q quit');
  };
  const isShown = () =>
    console.screen.waitFor(isBoard, STUCK_MS / 20).then(
      () => true,
      () => false,
    );
  for (let time = 0; time < 20; time += 1) {
    if (await isShown()) return;
    console.press(time % 2 === 0 ? 'esc' : '1');
  }
  throw new Error(`stuck after ${pressed.join(' ')}\n${console.screen.lines().join('\n')}`);
}
