import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { packageRoot } from '../../src/project/package-root.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** The checker's output lines over a tree of source files, and its exit code. */
function check(files: Record<string, string>): { lines: string[]; status: number | null } {
  const root = mkdtempSync(join(tmpdir(), 'dayboard-imports-'));
  folders.push(root);
  for (const [name, text] of Object.entries(files)) {
    const file = join(root, 'src', name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const script = join(packageRoot(), 'scripts', 'check-imports.mjs');
  const run = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  return { lines: run.stdout.split('\n').filter((line) => line !== ''), status: run.status };
}

const CLEAN = {
  'main.ts': "import { run } from './cli/program.ts';\nrun(process.argv);\n",
  'cli/program.ts':
    "import { Box } from 'ink';\nimport { find } from '../systems/index.ts';\nimport '../run/workspace.ts';\n",
  'run/workspace.ts':
    "import pg from 'pg';\nimport type { A } from '../plan/plan.ts';\nimport { b } from './runner.ts';\n",
  'run/runner.ts':
    "// process.env is main's\nconst process = (n: number) => n;\nexport const b = process(1);\nexport const c = 'process.env';\n",
  'plan/plan.ts': "export type { B } from '../project/model.ts';\n",
  'demo/fill.ts': "import { visits } from '../systems/tchap-stats/visits.ts';\n",
  'systems/index.ts': "import { visits } from './tchap-stats/visits.ts';\n",
  'systems/tchap-stats/visits.ts': "import { defineProject } from '../../project/define.ts';\n",
  'project/model.ts': 'export type B = { process: { env: string } };\n',
};

test('a tree that keeps the rules passes', () => {
  expect(check(CLEAN)).toEqual({ lines: [], status: 0 });
});

test.each([
  ['an import upwards', 'plan/a.ts', "import { b } from '../run/runner.ts';", 'plan stands below run'],
  [
    'a type import upwards',
    'project/a.ts',
    "import type { A } from '../plan/plan.ts';",
    'project stands below plan',
  ],
  [
    'an import over several lines',
    'load/a.ts',
    "import {\n  x,\n  y,\n} from '../run/runner.ts';",
    'load stands below run',
  ],
  ['a re-export upwards', 'ledger/a.ts', "export * from '../load/copy.ts';", 'ledger stands below load'],
  [
    'a dynamic import upwards',
    'run/a.ts',
    "const a = await import('../cli/program.ts');",
    'run stands below cli',
  ],
  ['a side-effect import upwards', 'run/a.ts', "import '../console/app.tsx';", 'run stands below console'],
  [
    'the console reaching past the workspace',
    'console/a.tsx',
    "import { x } from '../load/copy.ts';",
    'console must not know load',
  ],
  [
    'a system that reaches the engine',
    'systems/x/a.ts',
    "import { x } from '../../ledger/sql.ts';",
    'a system imports the project layer only',
  ],
  [
    'the engine looking systems up',
    'run/a.ts',
    "import { x } from '../systems/index.ts';",
    'run must not know systems',
  ],
  [
    'a command that goes around the systems door',
    'cli/a.ts',
    "import { x } from '../systems/other/x.ts';",
    'systems are looked up in systems/index.ts',
  ],
  [
    'a folder that no rule knows',
    'helpers/a.ts',
    'export const a = 1;',
    'helpers is no layer; add it to LAYERS in scripts/check-imports.mjs',
  ],
  [
    'React in the core',
    'actions/a.ts',
    "import { useState } from 'react';",
    'only console and cli may import react',
  ],
  [
    'a JSX runtime in the core',
    'demo/a.ts',
    "import { jsx } from 'react/jsx-runtime';",
    'only console and cli may import react/jsx-runtime',
  ],
  ['PostgreSQL in a command', 'cli/a.ts', "import type { Client } from 'pg';", 'cli must not import pg'],
  [
    'S3 in the console',
    'console/a.ts',
    "import { S3Client } from '@aws-sdk/client-s3';",
    'console must not import @aws-sdk/client-s3',
  ],
  [
    'the environment in the core',
    'run/a.ts',
    'export const a = process.env.HOME;',
    'run must not use process; environment and clock come in as arguments',
  ],
  [
    'process by another way',
    'run/a.ts',
    'export const a = globalThis.process.pid;',
    'run must not use process; environment and clock come in as arguments',
  ],
  [
    'process as a module',
    'project/a.ts',
    "import { env } from 'node:process';",
    'project must not use process',
  ],
  [
    'a system by name in the engine',
    'rollup/a.ts',
    "export const a = 'tchap-stats';",
    'rollup must not name a system (tchap)',
  ],
])('%s is reported with its place', (_, file, text, why) => {
  const line = text.startsWith('import {\n') ? 4 : 1;
  expect(check({ ...CLEAN, [file]: `${text}\n` })).toEqual({
    lines: [`src/${file}:${line}: ${why}`],
    status: 1,
  });
});
