import { describe, expect, it } from 'vitest';
import { PlainReporter, progressText } from '../../../src/cli/output/plain.ts';
import { aPlan, at, event, named, PLAIN } from '../support.ts';

function told(events: ReturnType<typeof event>[]): string[] {
  let text = '';
  const reporter = new PlainReporter({ write: (part) => (text += part) }, PLAIN, () => at(0));
  for (const each of events) reporter.event(each);
  return text.split('\n').filter((line) => line !== '');
}

const plan = aPlan();
const fetch = named(plan, 1);
const load = named(plan, 2);

describe('plain lines', () => {
  it('tell each event once, with its time in UTC', () => {
    const lines = told([
      event(0, {
        type: 'run.started',
        command: 'sync',
        cli: plan.cli,
        by: 'op',
        host: 'bastion',
        steps: [fetch, load],
      }),
      event(1, { type: 'step.started', step: fetch }),
      event(2, { type: 'step.done', step: fetch, seconds: 1.04, bytes: 2_097_152 }),
      event(2, { type: 'step.note', step: load, message: 'no newline at the end' }),
      event(3, { type: 'step.done', step: load, seconds: 0.5, rows: 200_000 }),
      event(4, { type: 'step.skipped', step: named(plan, 3), reason: 'its load step did not succeed' }),
    ]);
    expect(lines).toEqual([
      '2024-11-15T01:00:00Z run 12 started by op on bastion: dayboard sync 2024-11-14 (2 steps)',
      '2024-11-15T01:00:01Z fetch visits 2024-11-14: started',
      '2024-11-15T01:00:02Z fetch visits 2024-11-14: done in 1.0s, 2.0 MiB',
      '2024-11-15T01:00:02Z load visits 2024-11-14: no newline at the end',
      '2024-11-15T01:00:03Z load visits 2024-11-14: done in 0.5s, 200,000 rows',
      '2024-11-15T01:00:04Z publish visits 2024-11-14: skipped, its load step did not succeed',
    ]);
  });

  it('tell what is measured as it is, and mark what is estimated from past runs', () => {
    const phase = 'index totals_day (1 of 2): scanning table';
    expect(progressText({ phase, phaseShare: 0.459, etaSeconds: 12, estimated: true })).toBe(
      `45 % of ${phase}, ~0:12 left`,
    );
    expect(progressText({ phase: 'building beside', etaSeconds: 12, estimated: true })).toBe(
      'building beside, ~0:12 left',
    );
    expect(progressText({ phase: 'building beside' })).toBe('building beside');
    expect(progressText({ phase: 'building beside', etaSeconds: 0, estimated: true })).toBe(
      'building beside, longer than usual',
    );
  });

  it('tell progress at most every five seconds for each step', () => {
    const progress = (seconds: number, step = load) =>
      event(seconds, {
        type: 'step.progress',
        step,
        rows: seconds * 1000,
        bytes: seconds * 1024,
        totalBytes: 20_480,
        etaSeconds: 9,
      });
    const lines = told([
      event(0, { type: 'step.started', step: load }),
      ...Array.from({ length: 48 }, (_, index) => progress((index + 1) / 4)),
      progress(12, fetch),
    ]);
    expect(lines.filter((line) => line.includes('load'))).toEqual([
      '2024-11-15T01:00:00Z load visits 2024-11-14: started',
      '2024-11-15T01:00:05Z load visits 2024-11-14: 25 % of 20 KiB, 5,000 rows, 9.0s left',
      '2024-11-15T01:00:10Z load visits 2024-11-14: 50 % of 20 KiB, 10,000 rows, 9.0s left',
    ]);
    expect(lines.filter((line) => line.includes('fetch'))).toHaveLength(1);
  });

  it('tell a failure in one line: code, message, where, and what to do', () => {
    const error = {
      code: 'load.malformed-row',
      message: 'Line 5 has 4 columns where 5 are declared.',
      facts: { dataset: 'visits', period: '2024-11-14', key: 'visits 2024.csv', line: 5 },
      next: 'Ask for a new file.',
    };
    expect(told([event(1, { type: 'step.failed', step: load, seconds: 0.4, error })])).toEqual([
      '2024-11-15T01:00:01Z load visits 2024-11-14: failed after 0.4s: load.malformed-row: Line 5 has 4 columns where 5 are declared. (key="visits 2024.csv" line=5) Ask for a new file.',
    ]);
  });

  it('let no control byte of data through', () => {
    const error = {
      code: 'load.header',
      message: 'header \u001b]0;owned\u0007\u001b[2Jid\r\nx',
      facts: { key: 'a\u001b[31m' },
    };
    const [line, ...more] = told([event(1, { type: 'step.failed', step: load, seconds: 1, error })]);
    expect(more).toEqual([]);
    expect(line).toContain('header id x');
    // oxlint-disable-next-line no-control-regex
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/u);
  });
});
