import { describe, expect, it } from 'vitest';
import type { ChosenContext } from '../../src/cli/contexts.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import type { Adoption, RollupAdoption, TableAdoption } from '../../src/plan/adoption.ts';
import { DayboardError } from '../../src/project/errors.ts';
import type { AdoptRequest } from '../../src/run/adopt.ts';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import { FakeWorkspace } from './fake-workspace.ts';
import { fakeIo } from './support.ts';

const TABLE: TableAdoption = {
  schema: 'dayboard.adoption/1',
  kind: 'dataset',
  name: 'visits',
  relation: 'public.visits',
  state: 'none',
  rows: 12_002_714,
  bytes: 4_571_000_000,
  owner: 'stats',
  original: 'public.visits_before_dayboard',
  steps: [
    { step: 'prepare', does: 'makes an empty table', done: true },
    { step: 'copy', does: 'copies 60 days', done: false },
  ],
  views: ['public.few'],
  notes: ['One more column.'],
  obstacles: [],
};
const ROLLUP: RollupAdoption = {
  schema: 'dayboard.adoption/1',
  kind: 'rollup',
  name: 'days',
  relation: 'public.per_day',
  what: 'materialized view',
  owner: 'stats',
  comparison: {
    rowsThere: 3,
    rowsRollup: 1200,
    changed: 1,
    onlyThere: 0,
    onlyRollup: 1197,
    samples: [
      { there: { day: '2024-11-14', visits: null }, rollup: { day: '2024-11-14', visits: '1' } },
      { rollup: { day: '2024-11-15', visits: '2' } },
    ],
  },
  views: [],
  notes: [],
  obstacles: [],
  replaced: false,
};

/** Runs a command line on a workspace that tells this plan and does what it is asked. */
async function run(argv: string[], plan: Adoption = TABLE, context: Partial<ChosenContext> = {}) {
  const requests: AdoptRequest[] = [];
  const workspace = new FakeWorkspace(
    {
      adoption: async () => plan,
      adopt: async (request) => {
        requests.push(request);
        request.onProgress?.({ step: 'copy', message: '2024-11-14: 5 rows copied' });
        if (plan.kind === 'rollup') return { ...plan, replaced: request.act === 'replace' };
        return { ...plan, state: request.act === 'back' ? 'none' : 'finished' };
      },
    },
    aProject({ datasets: [aDataset()], rollups: [aRollup({ name: 'days', over: 'visits' })] }),
  );
  const fake = fakeIo();
  const code = await runCli(['adopt', ...argv], fake.io, workspace.opened(context));
  return { code, stdout: fake.stdout(), stderr: fake.stderr(), acts: requests.map(({ act }) => act) };
}

describe('adopt of a dataset', () => {
  it('shows what would be done', async () => {
    const { code, stdout, acts } = await run(['visits', '--dry-run']);
    expect(code).toBe(0);
    expect(acts).toEqual([]);
    expect(stdout).toMatch(/public\.visits \(about 12,002,714 rows, 4\.3 GiB, owner stats\): not begun/);
    expect(stdout).toMatch(/✓ {2}prepare {2}makes an empty table\n +copy {5}copies 60 days/);
    expect(stdout).toContain('public.few');
    expect(stdout).toContain('One more column.');
  });

  it.each([
    [[], ['finish']],
    [['--step', 'switch'], ['switch']],
    [['--back'], ['back']],
  ])('does all of it, or what it is told: %s', async (words, acts) => {
    const done = await run(['visits', '--yes', ...words]);
    expect(done).toMatchObject({ code: 0, acts });
    expect(done.stderr).toContain('2024-11-15T01:00:00Z copy visits: 2024-11-14: 5 rows copied');
    expect(done.stdout).toContain(words[0] === '--back' ? 'not begun' : 'taken over');
  });

  it('asks first: where nobody can be asked nothing is done', async () => {
    const { code, stderr, acts } = await run(['visits']);
    expect(code).toBe(5);
    expect(acts).toEqual([]);
    expect(stderr).toMatch(/Nobody can be asked here\. Nothing was begun\.[^]*--yes/);
  });

  it('in production asks for its name', async () => {
    const { code, stderr, acts } = await run(['visits'], TABLE, { name: 'prod', production: true });
    expect({ code, acts }).toEqual({ code: 5, acts: [] });
    expect(stderr).toContain('context.not-confirmed');
  });

  it.each([[], ['--yes'], ['--dry-run'], ['--json']])(
    'tells what is in the way and does nothing: %s',
    async (...words) => {
      const obstacles = [{ what: 'There is the trigger theirs on it.', next: 'Drop the trigger.' }];
      const { code, stdout, acts } = await run(['visits', ...words], { ...TABLE, obstacles });
      expect({ code, acts }).toEqual({ code: 5, acts: [] });
      expect(stdout).toMatch(/trigger theirs[^]*Drop the trigger/);
    },
  );

  it('prints one JSON value', async () => {
    const { stdout } = await run(['visits', '--yes', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'dayboard.adoption/1',
      kind: 'dataset',
      state: 'finished',
    });
  });

  it.each([
    [['visits', '--step', 'swich'], /"swich" is no step[^]*prepare, copy, switch, finish/],
    [['visits', '--step', 'copy', '--back'], /cannot be given both/],
    [['days', '--back'], /days is a rollup/],
    [[], /Missing required argument 'name'/],
  ])('%s is a mistake', async (words, message) => {
    const { code, stderr, acts } = await run(words);
    expect({ code, acts }).toEqual({ code: 2, acts: [] });
    expect(stderr).toMatch(message);
  });

  it('ends as interrupted when it is', async () => {
    const fake = fakeIo();
    const adopt = async ({ signal }: AdoptRequest): Promise<Adoption> => {
      fake.signal('SIGINT');
      expect(signal?.aborted).toBe(true);
      throw new DayboardError({
        code: 'adopt.interrupted',
        kind: 'interrupted',
        message: 'It was interrupted.',
      });
    };
    const workspace = new FakeWorkspace({ adoption: async () => TABLE, adopt });
    expect(await runCli(['adopt', 'visits', '--yes'], fake.io, workspace.opened())).toBe(130);
    expect(fake.stderr()).toContain('interrupting');
  });
});

describe('adopt of a rollup', () => {
  it('shows how what is there differs, and replaces nothing when it is only looked at', async () => {
    const { code, stdout, acts } = await run(['days', '--dry-run'], ROLLUP);
    expect({ code, acts }).toEqual({ code: 0, acts: ['compare'] });
    expect(stdout).toContain(
      '3 rows there, 1,200 in the rollup: 1 differ, 0 only there, 1,197 only in the rollup',
    );
    expect(stdout).toMatch(
      /there {2}day=2024-11-14 visits=NULL\n +rollup day=2024-11-14 visits=1\n +rollup day=2024-11-15/,
    );
  });

  it('replaces it when it may', async () => {
    expect(await run(['days'], ROLLUP)).toMatchObject({ code: 5, acts: ['compare'] });
    const { code, stdout, acts } = await run(['days', '--yes'], ROLLUP);
    expect({ code, acts }).toEqual({ code: 0, acts: ['compare', 'replace'] });
    expect(stdout).toContain('public.per_day was replaced by the rollup days');
    const { stdout: json } = await run(['days', '--yes', '--json'], ROLLUP);
    expect(JSON.parse(json)).toMatchObject({ kind: 'rollup', replaced: true, comparison: { changed: 1 } });
  });
});
