import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { surveyScript } from '../../src/psql/survey.ts';
import { runScript } from '../../src/psql/script.ts';
import { createTestDatabase } from '../support/postgres.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dayboard-script-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<void> {
  await mkdir(join(directory, name, '..'), { recursive: true });
  await writeFile(join(directory, name), text);
}

/** Runs script.sql on a database of its own; files stay below `directory`/work. */
async function run(
  text: string,
): Promise<{ stdout: string; stderr: string; code: number; query: (sql: string) => Promise<unknown> }> {
  await write('work/script.sql', text);
  const database = await createTestDatabase();
  const client = await database.connect();
  let [stdout, stderr] = ['', ''];
  const work = join(directory, 'work');
  const code = await runScript({
    client,
    file: 'script.sql',
    directory: work,
    root: work,
    env: {},
    stdin: async function* () {
      yield Buffer.from('');
    },
    stdout: (data) => void (stdout += data.toString()),
    stderr: (line) => void (stderr += line),
  });
  return { stdout, stderr, code, query: async (sql) => (await client.query(sql)).rows };
}

describe('what dayboard does not run', () => {
  it('is named with its line before anything is run', async () => {
    await write('work/inner.sql', 'select 1;\n\\c other\n');
    await expect(
      run(
        'create table made (x int);\n\\if false\n\\! rm -rf /\n\\endif\n\\i inner.sql\nselect 1 \\g | cat\n\\echo `date`\n',
      ),
    ).rejects.toThrow(
      [
        'script.sql:3: \\!: not run by dayboard: dayboard starts no programs for scripts',
        'inner.sql:2: \\c: not run by dayboard: the connection is that of the chosen context',
        'script.sql:6: \\g: not run by dayboard: dayboard starts no programs for scripts',
        'script.sql:7: \\echo: commands in backticks are not run by dayboard',
      ].join('\n'),
    );
  });

  it('is not looked for in strings, comments and data', async () => {
    await write(
      'script.sql',
      [
        "select '\\! no', $$ \\c no $$; -- \\! no",
        '/* \\! no',
        '\\c no */',
        'copy t from stdin;',
        '\\! data',
        '\\.',
        '\\copy t from stdin',
        '\\c data',
        '\\.',
        "\\copy t from program 'ls'",
        '\\o |cat',
        '',
      ].join('\n'),
    );
    const program = 'not run by dayboard: dayboard starts no programs for scripts';
    expect(surveyScript('script.sql', directory).unsupported).toEqual([
      { file: 'script.sql', line: 10, message: `\\copy: ${program}` },
      { file: 'script.sql', line: 11, message: `\\o: ${program}` },
    ]);
  });

  it('includes itself without end only when it is run', async () => {
    await write('script.sql', '\\i script.sql\n\\! x\n');
    expect(surveyScript('script.sql', directory).unsupported).toHaveLength(1);
  });
});

describe('characters', () => {
  it('are UTF8 in the script and on their way', async () => {
    await mkdir(join(directory, 'work'));
    await writeFile(join(directory, 'work', 'latin.sql'), Buffer.from("select 'caf\xe9';\n", 'latin1'));
    expect(surveyScript('work/latin.sql', directory).unsupported).toMatchObject([{ line: 1 }]);
    const { stderr, stdout, query } = await run(
      [
        'create table t (x text);',
        "set client_encoding = 'LATIN1';",
        "insert into t values ('café');",
        "insert into t values (U&'caf\\00e9');",
        'table t;',
        'reset client_encoding;',
        '',
      ].join('\n'),
    );
    expect(stderr).toContain('script.sql:3: error: dayboard sends UTF8 only, and client_encoding is LATIN1');
    expect(stderr).toContain('script.sql:5: warning: characters beyond ASCII are shown right only');
    expect(stdout).toContain('INSERT 0 1');
    expect(await query('select * from t')).toEqual([{ x: 'café' }]);
  });
});

describe("a script's files", () => {
  it('are read and written below its root only, also over symbolic links', async () => {
    await write('secret.txt', '1\n');
    await mkdir(join(directory, 'work'));
    await symlink(directory, join(directory, 'work', 'up'));
    const { stderr, query } = await run(
      [
        'create table t (x int);',
        "\\copy t from '../secret.txt'",
        "\\copy t from 'up/secret.txt'",
        "\\copy t to '../written.txt'",
        '\\i ../secret.txt',
        '\\o up/written.txt',
        'select 1 \\g ../written.txt',
        '\\cd ..',
        '',
      ].join('\n'),
    );
    expect(stderr.split('\n').filter((line) => line.includes('lies outside of'))).toHaveLength(7);
    expect(await query('select * from t')).toEqual([]);
    await expect(readFile(join(directory, 'written.txt'))).rejects.toThrow('ENOENT');
  });

  it('may lie in directories below it', async () => {
    await write('work/in/numbers.txt', '1\n2\n');
    const { stderr, query } = await run(
      "create table t (x int);\n\\cd in\n\\copy t from 'numbers.txt'\n\\copy t to '../out.txt'\n",
    );
    expect(stderr).toBe('');
    expect(await query('select sum(x)::int as sum from t')).toEqual([{ sum: 3 }]);
    expect(await readFile(join(directory, 'work/out.txt'), 'utf8')).toBe('1\n2\n');
  });
});

describe('output that cannot be written', () => {
  it('ends the script with its error, and the connection goes on', async () => {
    const database = await createTestDatabase();
    const client = await database.connect();
    await writeFile(join(directory, 'script.sql'), 'create table t (x int);\nselect 1;\nselect 2;\n');
    const running = runScript({
      client,
      file: 'script.sql',
      directory,
      env: {},
      stdin: async function* () {
        yield Buffer.from('');
      },
      stdout: (data) => {
        if (data.toString().includes('1 row')) throw new Error('no space left');
      },
      stderr: () => undefined,
    });
    await expect(running).rejects.toThrow('no space left');
    expect((await client.query('select count(*)::int as n from t')).rows).toEqual([{ n: 0 }]);
  });
});

describe('statements with parameters', () => {
  it('are bound, and prepared under a name', async () => {
    const { stdout, stderr, code } = await run(
      [
        '\\pset format csv',
        "select $1 || '!' as a, $2::int + 1 as b \\bind 'it''s' 41 \\g",
        'create table t (x int);',
        'insert into t values ($1), ($2) \\bind 5 6 \\g',
        'select $1::int * x as y from t order by 1 \\parse times',
        '\\bind_named times 10 \\g',
        '\\bind_named times 100 \\g',
        '\\close_prepared times',
        '\\bind_named times 1 \\g',
        'select $1::int as a \\bind nonsense \\g',
        'select count(*) from t;',
        '\\parse',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
    expect(stdout).toBe(
      "Output format is csv.\na,b\nit's!,42\nCREATE TABLE\nINSERT 0 2\ny\n50\n60\ny\n500\n600\ncount\n2\n",
    );
    expect(stderr).toContain('script.sql:9: ERROR:  prepared statement "times" does not exist');
    expect(stderr).toContain('script.sql:10: ERROR:  invalid input syntax for type integer: "nonsense"');
    expect(stderr).toContain('script.sql:12: error: \\parse: missing required argument');
  });
});

describe('a statement that is watched', () => {
  it('is run as often as is asked for', async () => {
    const { stdout, stderr, code } = await run(
      'create table t (x int);\ninsert into t values (1) \\watch i=0 c=3\nselect count(*) from t;\n',
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout.match(/INSERT 0 1/g)).toHaveLength(3);
    expect(stdout).toContain('(every 0s)');
    expect(stdout).toContain('     3\n');
  });
});
