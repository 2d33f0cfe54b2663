import { PassThrough } from 'node:stream';
import { Terminal } from '@xterm/headless';
import { afterEach, describe, expect, it } from 'vitest';
import { ListReporter } from '../../../src/cli/output/list.ts';
import { createPaint } from '../../../src/cli/output/paint.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { until } from '../../support/until.ts';
import { aCell, aPlan, at, event, named } from '../support.ts';

const open: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A list on a terminal of 24 rows, and what the terminal shows. */
function showing(plan: Plan, options: { ascii?: boolean } = {}) {
  const terminal = new Terminal({ cols: 90, rows: 24, allowProposedApi: true, convertEol: true });
  const stream = Object.assign(new PassThrough(), {
    isTTY: true,
    columns: 90,
    rows: 24,
    getColorDepth: () => 8,
  });
  stream.on('data', (chunk: Buffer) => terminal.write(chunk));
  const tty = stream as unknown as NodeJS.WriteStream;
  const paint = createPaint(tty, { env: {}, ascii: options.ascii === true, noColor: false });
  const list = new ListReporter({ stream: tty, paint, plan, now: () => at(10) });
  let ended = false;
  const end = async () => {
    if (!ended) await list.end();
    ended = true;
  };
  open.push(end);
  const screen = (): string[] => {
    const { active } = terminal.buffer;
    return Array.from(
      { length: active.length },
      (_, row) => active.getLine(row)?.translateToString(true) ?? '',
    );
  };
  return {
    list,
    end,
    screen,
    terminal,
    /** The screen as soon as it shows that. */
    shows: (text: string | RegExp) =>
      until(() => (new RegExp(text).test(screen().join('\n')) ? screen().join('\n') : '')),
  };
}

const DAYS = Array.from({ length: 40 }, (_, index) =>
  new Date(Date.UTC(2024, 9, 1 + index)).toISOString().slice(0, 10),
);
const NAMES = ['visits', 'sso', 'events', 'account_data', 'crisp', 'subscriptions', 'pushers'];

describe('the live list', () => {
  it('shows a delivery in one line: its step, how far, how fast and how long still', async () => {
    const plan = aPlan({}, [{ kind: 'rollup', target: 'per_day' }]);
    const { list, shows } = showing(plan);
    const load = named(plan, 2);
    list.event(event(0, { type: 'step.started', step: load }));
    for (const seconds of [5, 10]) {
      list.event(
        event(seconds, {
          type: 'step.progress',
          step: load,
          rows: seconds * 1e5,
          bytes: seconds * 1024 ** 2,
          totalBytes: 20 * 1024 ** 2,
          etaSeconds: 10,
        }),
      );
    }
    const drawn = await shows('load 50 %');
    expect(drawn).toContain('visits 2024-11-14  load 50 % · 1,000,000 rows · 1.0 MiB/s · 0:10 left');
    expect(drawn).toContain('Deliveries 0 of 1');
    expect(drawn).toContain('Rollups and views 0 of 1');
  });

  it('stays readable with 40 days of seven datasets: totals, and what is being done', async () => {
    const cells = DAYS.flatMap((period) => NAMES.map((dataset) => aCell({ dataset, period })));
    const plan = aPlan({ cells }, [{ kind: 'view', target: 'monthly' }]);
    const { list, shows, screen } = showing(plan);
    for (const step of plan.steps.slice(0, 3 * 200)) {
      list.event(event(1, { type: 'step.started', step: named(plan, step.seq) }));
      list.event(event(2, { type: 'step.done', step: named(plan, step.seq), seconds: 1, bytes: 1024 }));
    }
    for (const seq of [601, 604, 607]) list.event(event(3, { type: 'step.started', step: named(plan, seq) }));
    await shows('Deliveries 200 of 280');
    const used = screen().filter((line) => line.trim() !== '');
    expect(used.length).toBeLessThanOrEqual(6);
    for (const seq of [601, 604, 607]) {
      const { target, period } = named(plan, seq);
      expect(used.join('\n')).toMatch(new RegExp(`${target} ${period} +fetch`));
    }
  });

  it('keeps the last failures in sight with code, message and what to do', async () => {
    const plan = aPlan({ cells: DAYS.slice(0, 6).map((period) => aCell({ period })) });
    const { list, shows, screen } = showing(plan);
    for (const [index] of DAYS.slice(0, 5).entries()) {
      const step = named(plan, index * 3 + 2);
      list.event(event(1, { type: 'step.started', step }));
      list.event(
        event(2, {
          type: 'step.failed',
          step,
          seconds: 1,
          error: {
            code: 'load.header',
            message: `The header of file ${index} lacks "id".`,
            facts: {},
            next: 'Ask for a new file.',
          },
        }),
      );
      list.event(
        event(2, {
          type: 'step.skipped',
          step: named(plan, index * 3 + 3),
          reason: 'its load step did not succeed',
        }),
      );
    }
    await shows('5 failed');
    await shows(/load visits 2024-10-05: load\.header/);
    await shows('The header of file 4 lacks "id"');
    await shows('Ask for a new file');
    expect(screen().join('\n')).not.toContain('file 0');
  });

  it('shows of what has ended only how: well or with failures', async () => {
    const cells = [aCell(), aCell({ dataset: 'sso' })];
    const plan = aPlan({ cells }, [
      { kind: 'rollup', target: 'per_day' },
      { kind: 'check', target: 'months' },
    ]);
    const { list, shows } = showing(plan);
    const done = (seq: number) => {
      list.event(event(1, { type: 'step.started', step: named(plan, seq) }));
      list.event(event(2, { type: 'step.done', step: named(plan, seq), seconds: 1 }));
    };
    for (const seq of [1, 2, 3, 4]) done(seq);
    const error = { code: 'load.header', message: 'No header.', facts: {} };
    list.event(event(3, { type: 'step.failed', step: named(plan, 5), seconds: 1, error }));
    list.event(
      event(3, { type: 'step.skipped', step: named(plan, 6), reason: 'its load step did not succeed' }),
    );
    done(7);
    list.event(event(4, { type: 'step.started', step: named(plan, 8) }));
    const drawn = await shows('✘ Deliveries');
    expect(drawn).toMatch(/✘ Deliveries 2 of 2 · 1 failed\n +✘ load sso 2024-11-14: load\.header/);
    expect(drawn).not.toContain('visits 2024-11-14');
    expect(drawn).toContain('✓ Rollups and views 1 of 1');
    expect(drawn).toMatch(/▶ Checks 0 of 1\n +\S months/);
  });

  it('leaves nothing behind but the cursor, where it was', async () => {
    const plan = aPlan();
    const { list, shows, end, screen, terminal } = showing(plan);
    list.event(event(0, { type: 'step.started', step: named(plan, 1) }));
    await shows('fetch');
    await end();
    await until(() => screen().every((line) => line.trim() === ''));
    expect(terminal.buffer.active.cursorY).toBe(0);
  });

  it('says in the title that it is being cancelled', async () => {
    const { list, shows } = showing(aPlan());
    list.event(event(1, { type: 'run.cancelling', mode: 'now', by: 'op' }));
    expect(await shows('cancelling')).toMatch(/Deliveries 0 of 1.*cancelling/);
  });

  it('draws in ASCII alone when asked to', async () => {
    const plan = aPlan();
    const { list, shows, screen } = showing(plan, { ascii: true });
    list.event(event(0, { type: 'step.started', step: named(plan, 1) }));
    await shows('fetch');
    const drawn = screen().join('\n').replaceAll('·', '');
    // oxlint-disable-next-line no-control-regex
    expect(drawn).toMatch(/^[\u0000-\u007f]*$/u);
  });

  it('lets no control byte of data through', async () => {
    const plan = aPlan();
    const { list, shows, terminal } = showing(plan);
    const titles: string[] = [];
    terminal.onTitleChange((title) => titles.push(title));
    const step = named(plan, 2);
    list.event(event(0, { type: 'step.started', step }));
    list.event(
      event(1, {
        type: 'step.failed',
        step,
        seconds: 1,
        error: { code: 'x', message: 'owned \u001b]0;owned\u0007by a \u009b2Jfile', facts: {} },
      }),
    );
    await shows('owned by a file');
    expect(titles).toEqual([]);
  });
});
