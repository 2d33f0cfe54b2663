import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { runServer } from './postgres.ts';

/** A tablespace of the run's server on a disk of its own, with a size that can be changed while it is used. */
export interface SmallDisk extends AsyncDisposable {
  tablespace: string;
  resize(megabytes: number): void;
  /** Megabytes, rounded up. */
  used(): number;
}

/** Why no disk can be made here; undefined when one can. Only root mounts, and not in every container. */
export function diskObstacle(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root mounts a disk';
  const place = mkdtempSync(join(tmpdir(), 'dayboard-test-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place], { stdio: 'ignore' });
    execFileSync('umount', [place]);
    return undefined;
  } catch {
    return 'this machine lets nobody mount a disk';
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Makes the disk and the tablespace. Both go with it; databases in it must have been dropped before. */
export async function makeSmallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = mkdtempSync(join(tmpdir(), 'dayboard-test-disk-'));
  chmodSync(folder, 0o755);
  const admin = new pg.Client({ connectionString: runServer().connectionString('postgres') });
  await admin.connect();
  const found = await admin.query<{ data_directory: string }>('SHOW data_directory');
  const { uid, gid } = statSync(found.rows[0]?.data_directory ?? '');
  const place = join(folder, 'disk');
  execFileSync('mkdir', [place]);
  const options = (size: number) => `size=${size}m,mode=0700,uid=${uid},gid=${gid}`;
  execFileSync('mount', ['-t', 'tmpfs', '-o', options(megabytes), 'tmpfs', place]);
  const tablespace = `small_${randomBytes(4).toString('hex')}`;
  const drop = async () => {
    await admin.query(`DROP TABLESPACE IF EXISTS ${tablespace}`);
    await admin.end();
    execFileSync('umount', [place]);
    rmSync(folder, { recursive: true, force: true });
  };
  await admin.query(`CREATE TABLESPACE ${tablespace} LOCATION '${place}'`);
  return {
    tablespace,
    used: () => {
      const { blocks, bfree, bsize } = statfsSync(place);
      return Math.ceil(((blocks - bfree) * bsize) / 1_048_576);
    },
    resize: (size) => void execFileSync('mount', ['-o', `remount,${options(size)}`, place]),
    [Symbol.asyncDispose]: drop,
  };
}
