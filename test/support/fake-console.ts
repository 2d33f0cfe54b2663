// A program for pseudo-terminals: the console on the workspace in memory. usage: fake-console JSON-OPTIONS
import { runConsole } from '../../src/console/main.tsx';
import { asksBackground, hasMouse, themeOptions } from '../../src/console/terminal.ts';
import { FakeWorkspace, type FakeOptions } from './fake-workspace.ts';

const { fixed, tips, mouse, screenReader, ...options } = JSON.parse(
  process.argv[2] ?? '{}',
) as Partial<FakeOptions> & {
  fixed?: string;
  tips?: string[];
  mouse?: boolean;
  screenReader?: boolean;
};
const started = Date.now();
/** The clock begins at a known moment, so that pictures stay the same. */
const now = () => new Date(Date.parse(fixed ?? '2026-11-22T07:38:12Z') + Date.now() - started).toISOString();
const workspace = new FakeWorkspace({ ...options, now });
const { stdin, stdout } = process;
await runConsole({
  workspace,
  io: { stdin, stdout },
  options: {
    ...themeOptions({
      env: process.env,
      colorDepth: stdout.getColorDepth?.() ?? 1,
      ascii: false,
      noColor: false,
    }),
    askBackground: asksBackground(process.env),
    mouse: mouse === true && hasMouse(process.env),
    screenReader: screenReader === true,
  },
  now,
  ...(tips === undefined ? {} : { tips }),
});
await workspace.close();
