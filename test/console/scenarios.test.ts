import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleProgram } from '../support/bundle.ts';
import { play } from '../support/scenario.ts';
import { VirtualScreen } from '../support/screen.ts';
import { SCENARIOS } from './scenarios.ts';

let program: string;
beforeAll(async () => {
  program = await bundleProgram(new URL('../support/fake-console.ts', import.meta.url));
});
afterAll(() => rmSync(program, { force: true }));

/** What a player of cast files shows at its end. */
async function replayed(cast: string): Promise<string[]> {
  const [header, ...events] = cast
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  const { width, height } = header as { width: number; height: number };
  const screen = new VirtualScreen(width, height);
  let last = 0;
  for (const [at, kind, data] of events as Array<[number, string, string]>) {
    expect(at).toBeGreaterThanOrEqual(last);
    last = at;
    // What is on its way is written before the size changes, as a player has it.
    await new Promise<void>((written) => screen.terminal.write(kind === 'o' ? data : '', written));
    if (kind === 'r') screen.terminal.resize(...(data.split('x').map(Number) as [number, number]));
  }
  return screen.lines();
}

describe('an operator', () => {
  it.each(SCENARIOS)('$title', async (scenario) => {
    const { recording, screen } = await play(program, scenario, { cols: 80, rows: 24 });
    const shown = await replayed(recording.cast());
    // Between the two a clock may have ticked.
    expect([shown[0], shown.at(-1)]).toEqual([screen[0], screen.at(-1)]);
  });
});
