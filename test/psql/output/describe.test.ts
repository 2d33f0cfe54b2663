import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describe as describeCommand, isDescribeCommand } from '../../../src/psql/output/describe.ts';
import { DEFAULT_PRINT_SETTINGS, type PrintSettings } from '../../../src/psql/output/result.ts';
import {
  createTestDatabase,
  runServer,
  systemPostgres,
  type TestDatabase,
  type TestServer,
} from '../../support/postgres.ts';
import { comparedWithPsql, psqlVersion, runPsql, wantPsql } from '../../support/psql.ts';

const SCHEMA = readFileSync(join(import.meta.dirname, 'describe-schema.sql'), 'utf8');
const COMMANDS = readFileSync(join(import.meta.dirname, 'describe-commands.txt'), 'utf8')
  .trim()
  .split('\n');
const ROLES = ['describe_writer', 'describe_reader', '"Describe Odd"'];
const MARK = '=====next=====';

/** Where psql 15 does not know the catalogs of PostgreSQL 17 and newer, and dayboard does. */
const NEWER_CATALOGS = new Set(['\\dD app.*', '\\dD+ app.*', '\\l postgres', '\\l zz']);

/** The layouts of \du, \l and others changed after psql 15; compared is with the psql that dayboard follows. */
const comparable = wantPsql() && psqlVersion()?.major === 15;

interface Run {
  output: string;
  error: string;
}

/** The commands through one psql, each with what it wrote to stdout and stderr. */
async function throughPsql(url: string, settings: string, commands: readonly string[]): Promise<Run[]> {
  const script = commands.map((command) => `${command}\n\\echo ${MARK}\n`).join('');
  const start = `\\set QUIET on\n${settings}\n\\set QUIET off\n`;
  const run = await runPsql(url, ['-f', '-'], { stdin: start + script });
  const outputs = run.stdout.split(`${MARK}\n`).slice(0, -1);
  expect(outputs).toHaveLength(commands.length);
  return outputs.map((output, at) => {
    const line = at * 2 + start.split('\n').length;
    const prefix = `psql:<stdin>:${line}: error: `;
    const error = run.stderr.split('\n').find((text) => text.startsWith(prefix));
    return { output, error: error?.slice(prefix.length) ?? '' };
  });
}

async function ours(client: pg.Client, settings: PrintSettings, line: string): Promise<Run> {
  const [command = '', ...args] = line.slice(1).match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  expect({ command, known: isDescribeCommand(command) }).toEqual({ command, known: true });
  const { rows } = await client.query<{ version: string; database: string }>(
    `select current_setting('server_version_num') as version, current_database() as database`,
  );
  const described = await describeCommand(command, args, {
    serverVersion: Number(rows[0]!.version),
    database: rows[0]!.database,
    settings,
    quiet: false,
    query: async (text) => {
      const result = await client.query<Array<string | null>>({
        text,
        rowMode: 'array',
        types: { getTypeParser: () => (value: string) => value },
      });
      const columns = result.fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID }));
      return { columns, rows: result.rows };
    },
  });
  return { output: described.output, error: described.error ?? '' };
}

/** What psql 15 writes for a server of this version, without what it gets wrong on newer ones. */
function corrected(expected: Run, major: number): Run {
  return major < 17 ? expected : { ...expected, output: expected.output.replaceAll(/; STATISTICS $/gm, '') };
}

function suite(server: () => TestServer & { major: number }): void {
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase({ server: server() });
    client = await database.connect();
    await client.query(SCHEMA);
  });

  afterAll(async () => {
    await database.drop();
    const admin = new pg.Client({ connectionString: server().connectionString('postgres') });
    await admin.connect();
    for (const role of ROLES) await admin.query(`drop role if exists ${role}`);
    await admin.end();
  });

  it('prints every describe command as psql does', async () => {
    const { major } = server();
    const commands = COMMANDS.filter((command) => major < 17 || !NEWER_CATALOGS.has(command));
    const expected = await throughPsql(database.url, '', commands);
    for (const [at, command] of commands.entries()) {
      const run = await ours(client, DEFAULT_PRINT_SETTINGS, command);
      expect({ command, ...run }).toEqual({ command, ...corrected(expected[at]!, major) });
    }
  });

  it('prints them in the form that is set', async () => {
    const commands = [
      '\\dt app.*',
      '\\d+ app.users',
      '\\d app.counter',
      '\\du describe*',
      '\\dn+ app',
      '\\dx',
    ];
    const forms: Array<[string, Partial<PrintSettings>]> = [
      ['\\x on', { expanded: true }],
      ['\\pset format csv', { format: 'csv' }],
      ['\\pset format unaligned', { format: 'unaligned' }],
      ['\\pset tuples_only on', { tuplesOnly: true }],
      ['\\pset border 2', { border: 2 }],
      ['\\pset linestyle unicode', { linestyle: 'unicode' }],
      ["\\pset null '(null)'", { null: '(null)' }],
      ["\\pset title 'of my own'", { title: 'of my own' }],
    ];
    for (const [text, form] of forms) {
      const expected = await throughPsql(database.url, text, commands);
      for (const [at, command] of commands.entries()) {
        const run = await ours(client, { ...DEFAULT_PRINT_SETTINGS, ...form }, command);
        expect({ text, command, ...run }).toEqual({
          text,
          command,
          ...corrected(expected[at]!, server().major),
        });
      }
    }
  });
}

describe.runIf(comparable)(`${comparedWithPsql('the describe commands on the embedded server', 15)}`, () => {
  suite(() => ({ ...runServer(), major: 18 }));
});

const system = comparable ? await systemPostgres() : undefined;

describe.runIf(system !== undefined)("the describe commands on the machine's own server", () => {
  afterAll(() => system!.stop());
  suite(() => system!);
});

describe('what is no describe command', () => {
  it.each(['dt', 'dt+', 'dtS+', 'd', 'd+', 'l', 'l+', 'list', 'z', 'dfanp', 'dtvmsiE', 'dx+', 'ddp'])(
    '\\%s is one',
    (name) => {
      expect(isDescribeCommand(name)).toBe(true);
    },
  );

  it.each(['dq', 'dtx', 'dlx', 'e', 'dFp', 'do', 'd3', 'lo_list', 'dl', 'zz'])(
    '\\%s is none that dayboard knows',
    (name) => {
      expect(isDescribeCommand(name)).toBe(false);
    },
  );
});
