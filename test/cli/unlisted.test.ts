import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { DayboardError } from '../../src/project/errors.ts';
import { aDataset, aProject } from '../support/definitions.ts';
import { FakeWorkspace } from './fake-workspace.ts';
import { fakeIo } from './support.ts';

async function run(argv: string[], workspace: FakeWorkspace) {
  const fake = fakeIo();
  const code = await runCli(argv, fake.io, workspace.opened());
  return { code, stderr: fake.stderr(), workspace };
}

describe('a request, with a source that cannot be listed,', () => {
  const error = new DayboardError({ code: 'source.unreachable', message: 'S3 does not answer.' });
  const project = aProject({
    datasets: [aDataset(), aDataset({ name: 'sso', source: 's3' })],
    sources: { files: { kind: 'directory', path: '.' }, s3: { kind: 's3' } },
  });
  const withoutS3 = () => new FakeWorkspace({ list: async () => new Map([['s3', error]]) }, project);

  it('leaves out what is in it, says so, and is partly done', async () => {
    const { code, stderr, workspace } = await run(['sync', '2024-11-13..2024-11-14'], withoutS3());
    expect(code).toBe(3);
    expect(workspace.started[0]?.request.cells).toEqual([
      { dataset: 'visits', periods: ['2024-11-13', '2024-11-14'] },
    ]);
    expect(stderr).toContain(
      'source s3 could not be listed, what it has now is not known: S3 does not answer.',
    );
    expect(stderr).toContain('Left out for that: sso 2024-11-13..2024-11-14.');
  });

  it('does what needs another, and tells it beside', async () => {
    const { code, stderr } = await run(['sync', '2024-11-14', 'visits'], withoutS3());
    expect(code).toBe(0);
    expect(stderr).toContain('S3 does not answer.');
  });

  it('fails when all that is asked for is in it, and starts nothing', async () => {
    const { code, stderr, workspace } = await run(['sync', '2024-11-14', 'sso'], withoutS3());
    expect(code).toBe(1);
    expect(stderr).toContain('source.unreachable');
    expect(workspace.started).toEqual([]);
  });

  it('loads from it what is verified in the cache', async () => {
    const workspace = withoutS3();
    workspace.cells = { fetched: true, state: 'fetched' };
    expect((await run(['sync', '2024-11-14', 'sso'], workspace)).code).toBe(0);
    expect(workspace.started).toHaveLength(1);
  });
});
