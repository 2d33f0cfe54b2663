import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeEmbeddedPostgres } from '../../src/demo/postgres/embedded.ts';
import { until } from '../support/until.ts';
import { Place, undoLater } from './place.ts';

/** NAME='value' of the file that the demo writes for other terminals. */
function variables(file: string): Record<string, string> {
  const found = [...readFileSync(file, 'utf8').matchAll(/^export (\w+)='(.*)'$/gm)];
  return Object.fromEntries(found.map((match) => [match[1] ?? '', match[2] ?? '']));
}

describe('demo without a terminal', () => {
  it('says where it listens but no password, begins its first sync, works from elsewhere, and ends with everything', async () => {
    const place = await Place.make('');
    const directory = join(place.directory, 'demo');
    undoLater(
      async () =>
        void (await removeEmbeddedPostgres({ directory: join(directory, 'postgres'), env: process.env })),
    );
    const demo = place.start(['demo', '--dir', 'demo']);
    await until(() => demo.stdout().includes('From another terminal'), { seconds: 60 });
    const file = /^environment +(.+)$/m.exec(demo.stdout())?.[1] ?? '';
    expect(file).toBe(join(directory, 'env'));
    expect(statSync(file).mode & 0o077).toBe(0);
    const env = variables(file);
    const url = new URL(env.DATABASE_URL ?? '');
    expect(demo.stdout()).toContain(`${url.username}@${url.host}${url.pathname}`);
    place.secrets.push(url.password, env.S3_SECRET_ACCESS_KEY ?? '');
    await demo.says(/publish .*: done/);
    const system = /--config (\S+)/.exec(demo.stdout())?.[1] ?? '';
    const status = await place.run(['--config', system, 'status', '-60', '--json'], env);
    expect(status.code).toBe(0);
    expect(status.stdout.includes('"state":"loaded"')).toBe(true);
    demo.child.kill('SIGTERM');
    const ended = await demo.ended;
    // The first sync takes longer than this test looks at it.
    expect(ended.code).toBe(130);
    expect(ended.stderr).toMatch(/run 1 cancelled/);
    const gone = await place.run(['--config', system, 'status', '--json'], env);
    expect(gone.json()).toMatchObject([{ code: 'database.unreachable' }]);
  });
});
