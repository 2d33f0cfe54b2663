import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineProject } from '../../src/project/define.ts';
import { loadConfig, type Systems } from '../../src/project/load-config.ts';
import { packageRoot } from '../../src/project/package-root.ts';
import { soundInput } from './definition.ts';

const SYSTEMS: Systems = { 'shop-stats': async () => defineProject({ ...soundInput(), name: 'shop-stats' }) };

/** A config as a user writes it, in TypeScript, with an import from dayboard. */
function config(name: string): string {
  return `
import { dayOf, defineProject, type ProjectInput } from 'dayboard';
const name: string = '${name}';
export default defineProject((env): ProjectInput => ({
  name,
  title: env.TITLE ?? 'untitled',
  datasets: [{
    name: 'visits',
    key: 'visits_{period}.csv',
    carries: { kind: 'window', key: ['id'] },
    file: ['id', 'at'],
    table: { columns: { id: 'text', at: 'timestamptz', on: { type: 'date', value: dayOf('at') } } },
  }],
}));
`;
}

let home: string;

beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'dayboard-config-')));
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

async function write(path: string, text: string): Promise<string> {
  const file = join(home, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { mode: 0o644 });
  return file;
}

/** Loads from a folder of the test's own. */
function load(parts: { config?: string; from?: string } = {}) {
  return loadConfig({
    ...(parts.config === undefined ? {} : { config: parts.config }),
    directory: join(home, parts.from ?? '.'),
    systems: SYSTEMS,
  });
}

describe('a config file', () => {
  it('is found upward, and needs neither a build nor an installed dayboard', async () => {
    const file = await write('dayboard.config.ts', config('upward'));
    await mkdir(join(home, 'a/b'), { recursive: true });
    const found = await load({ from: 'a/b' });
    expect(found).toMatchObject({ from: file, baseDirectory: home });
    const project = found.definition.resolve({ TITLE: 'Visits' });
    expect([project.name, project.title, project.datasets[0]?.file.length]).toEqual(['upward', 'Visits', 2]);
  });

  it('that is nearer goes before one above, and TypeScript before JavaScript', async () => {
    await write('dayboard.config.ts', config('above'));
    await write('a/dayboard.config.ts', config('nearer'));
    await write('a/dayboard.config.mjs', 'export default 1;');
    expect((await load({ from: 'a' })).definition.resolve({}).name).toBe('nearer');
  });

  it('may be JavaScript, in a folder whose package.json is of CommonJS, and import its own files', async () => {
    await write('package.json', '{ "type": "commonjs" }');
    await write('lib/name.mjs', "export const name = 'javascript';");
    await write(
      'dayboard.config.js',
      `import { name } from './lib/name.mjs';\n${config('x')
        .replace(/const name.*\n/, '')
        .replace(', type ProjectInput', '')
        .replace(': ProjectInput', '')}`,
    );
    expect((await load()).definition.resolve({}).name).toBe('javascript');
  });

  it('may import its own TypeScript files and wait while it loads', async () => {
    await write('name.ts', "export const other: string = 'typed';");
    await write(
      'dayboard.config.ts',
      `import { other } from './name.ts';\nawait Promise.resolve();\n${config('x').replace("'x'", 'other')}`,
    );
    expect((await load()).definition.resolve({}).name).toBe('typed');
  });

  it('is named by its path, or by its folder', async () => {
    const file = await write('etc/stats.dayboard.config.ts', config('by-path'));
    await write('etc/shop/dayboard.config.ts', config('by-folder'));
    expect(await load({ config: 'etc/stats.dayboard.config.ts' })).toMatchObject({
      from: file,
      baseDirectory: join(home, 'etc'),
    });
    expect((await load({ config: './etc/shop' })).definition.resolve({}).name).toBe('by-folder');
    expect((await load({ config: join(home, 'etc/shop') })).definition.resolve({}).name).toBe('by-folder');
  });

  it('says where its syntax is wrong', async () => {
    const file = await write('dayboard.config.ts', 'export default {\n  name: ,\n};\n');
    await expect(load()).rejects.toMatchObject({
      code: 'config.syntax',
      kind: 'usage',
      message: expect.stringContaining(file),
      facts: { file },
    });
  });

  it('says that Node strips types only', async () => {
    await write('dayboard.config.ts', 'enum A { b }\nexport default A;\n');
    await expect(load()).rejects.toMatchObject({
      code: 'config.syntax',
      message: expect.stringContaining('enum'),
    });
  });

  it('that fails while it runs says why', async () => {
    await write('dayboard.config.ts', "throw new Error('no tables today');\n");
    await expect(load()).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('no tables today'),
    });
  });

  it('that imports what is not there says so', async () => {
    await write('dayboard.config.ts', "import './tables';\nexport default 1;\n");
    await expect(load()).rejects.toMatchObject({
      code: 'config.invalid',
      next: expect.stringContaining('./tables.ts'),
    });
  });

  it.each(['export default { name: "x" };', 'export const project = 1;'])(
    'that exports no definition says what to write: %s',
    async (text) => {
      await write('dayboard.config.ts', text);
      await expect(load()).rejects.toMatchObject({
        code: 'config.invalid',
        next: expect.stringContaining('export default defineProject('),
      });
    },
  );

  it('with problems lists them when it is resolved', async () => {
    await write('dayboard.config.ts', config('Bad Name').replace("'visits_{period}.csv'", "'visits.csv'"));
    const { definition } = await load();
    expect(() => definition.resolve({})).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        kind: 'usage',
        message: expect.stringMatching(/name: "Bad Name"[^]*datasets\[0\]\.key: "visits\.csv"/),
      }),
    );
  });

  it('that others can write is not run', async () => {
    const file = await write('dayboard.config.ts', 'throw new Error("it was run");');
    await chmod(file, 0o646);
    await expect(load()).rejects.toMatchObject({
      code: 'config.unsafe',
      next: expect.stringContaining(`chmod go-w '${file}'`),
    });
  });

  it('in a folder that others can write is not run', async () => {
    const file = await write('open/dayboard.config.ts', 'throw new Error("it was run");');
    await chmod(dirname(file), 0o777);
    await expect(load({ from: 'open' })).rejects.toMatchObject({
      code: 'config.unsafe',
      kind: 'usage',
      message: expect.stringContaining('other users can write its folder'),
      next: expect.stringContaining(`chmod go-w '${dirname(file)}'`),
    });
  });
});

describe('a system that comes with dayboard', () => {
  it('is found by its name, also where a config file is', async () => {
    await write('dayboard.config.ts', config('not-this'));
    const found = await load({ config: 'shop-stats' });
    expect(found).toMatchObject({ from: 'shop-stats', baseDirectory: home });
    expect(found.definition.resolve({}).name).toBe('shop-stats');
  });

  it('whose name is mistyped is suggested', async () => {
    await expect(load({ config: 'shop-stat' })).rejects.toMatchObject({
      code: 'config.not-found',
      kind: 'usage',
      message: 'There is no system "shop-stat", nor a config file of that name. Did you mean "shop-stats"?',
      next: expect.stringContaining('shop-stats'),
    });
  });

  it.each(['constructor', '__proto__', 'toString'])('is not looked up as %s', async (name) => {
    await expect(load({ config: name })).rejects.toMatchObject({ code: 'config.not-found' });
  });
});

describe('where there is no config file', () => {
  it('the folder is named, and what to do', async () => {
    await expect(load()).rejects.toMatchObject({
      code: 'config.not-found',
      kind: 'usage',
      message: `There is no dayboard.config.ts in ${home} or above it.`,
      next: expect.stringContaining('dayboard init'),
    });
  });

  it('the path that was given is named', async () => {
    await expect(load({ config: './other.config.ts' })).rejects.toMatchObject({
      code: 'config.not-found',
      message: `There is no config file at ${join(home, 'other.config.ts')}.`,
    });
  });
});

describe('the built dayboard', () => {
  it('is what a config imports, and its errors are its own', async () => {
    await write('dayboard.config.ts', config('built'));
    const program = `
      import { defineProject, DayboardError } from ${JSON.stringify(join(packageRoot(), 'dist/index.js'))};
      const { default: definition } = await import(${JSON.stringify(join(home, 'dayboard.config.mjs'))});
      console.log(definition.resolve({}).name);
      try { defineProject({}).resolve({}); } catch (error) { console.log(error instanceof DayboardError, error.code); }
    `;
    await write('node_modules/dayboard/package.json', '{ "type": "module", "exports": "./index.js" }');
    await write(
      'node_modules/dayboard/index.js',
      `export * from ${JSON.stringify(join(packageRoot(), 'dist/index.js'))};`,
    );
    await write(
      'dayboard.config.mjs',
      config('built')
        .replace(', type ProjectInput', '')
        .replace(': ProjectInput', '')
        .replace('name: string', 'name'),
    );
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: home });
    expect((await run).stdout).toBe('built\ntrue config.invalid\n');
  });
});
