import { describe, expect, it } from 'vitest';
import { createPaint } from '../../../src/cli/output/paint.ts';
import { statusJson, statusText } from '../../../src/cli/output/status.ts';
import type { Board, Cell } from '../../../src/plan/board.ts';
import type { CellState } from '../../../src/project/model.ts';
import { at, PLAIN } from '../support.ts';

function cells(dataset: string, states: ReadonlyArray<readonly [period: string, state: CellState]>): Cell[] {
  return states.map(([period, state]) => ({
    dataset,
    period,
    state,
    why: `Why it is ${state}.`,
    version: state === 'loaded' ? 1 : 0,
    publishedBefore: false,
  }));
}

function aBoard(rows: Board['rows']): Board {
  return {
    project: 'stats',
    context: 'prod',
    asOf: at(0),
    listedAt: at(-60),
    rows,
    derived: [
      {
        name: 'per_day',
        kind: 'rollup',
        verdict: 'error',
        through: '2024-11-12',
        ageSeconds: 176_400,
        refreshed: at(-3600),
        rows: 1234,
        owed: ['2024-11-13'],
        why: 'Too old.',
        reads: [],
        durations: [],
      },
      {
        name: 'lite',
        kind: 'view',
        verdict: 'unknown',
        owed: [],
        why: 'Never computed.',
        reads: [],
        durations: [],
      },
    ],
    checks: [],
    runs: [],
  };
}

const DAYS = Array.from(
  { length: 10 },
  (_, index) =>
    `2024-${index < 3 ? '10' : '11'}-${String(index < 3 ? 29 + index : index - 2).padStart(2, '0')}`,
);

describe('the board as text', () => {
  it('shows states as glyph and word where there is room', () => {
    const board = aBoard([
      {
        dataset: 'visits',
        relation: 'public.visits',
        unit: 'day',
        cells: cells('visits', [
          ['2024-11-13', 'failed'],
          ['2024-11-14', 'loaded'],
        ]),
      },
      {
        dataset: 'sso',
        relation: 'public.sso',
        unit: 'day',
        cells: cells('sso', [
          ['2024-11-13', 'missing'],
          ['2024-11-14', 'not due'],
        ]),
      },
    ]);
    expect(statusText(board, PLAIN)).toEqual([
      'stats · context prod · source listed 2024-11-15T00:59:00Z',
      '',
      '        2024-11-13  2024-11-14',
      'visits  ✘ failed    ✓ loaded',
      'sso     ∅ missing   not due',
      '',
      '✘ failed 1   ∅ missing 1   ✓ loaded 1   not due 1',
      '',
      '✘ failed   visits 2024-11-13  Why it is failed.',
      '∅ missing  sso 2024-11-13     Why it is missing.',
      '',
      'relation  freshness  through     age   rows   refreshed  owed  why',
      'per_day   ✘ too old  2024-11-12  2d1h  1,234  1h ago     1     Too old.',
      'lite      ? unknown  –              –      –  –          –     Never computed.',
    ]);
  });

  it('shows many days as glyphs under their dates, with the words in the legend', () => {
    const board = aBoard([
      {
        dataset: 'visits',
        relation: 'public.visits',
        unit: 'day',
        cells: cells(
          'visits',
          DAYS.map((day) => [day, 'loaded'] as const),
        ),
      },
    ]);
    const narrow = createPaint({}, { env: {}, ascii: true, noColor: true });
    const lines = statusText(board, narrow);
    expect(lines.slice(2, 5)).toEqual([
      '        2024-10  2024-11',
      '        29 30 31 01 02 03 04 05 06 07',
      'visits   .  .  .  .  .  .  .  .  .  .',
    ]);
    expect(lines).toContain('. loaded 10');
  });

  it('keeps days and months apart', () => {
    const board = aBoard([
      { dataset: 'visits', relation: 'r', unit: 'day', cells: cells('visits', [['2024-11-14', 'loaded']]) },
      {
        dataset: 'invoices',
        relation: 'r',
        unit: 'month',
        cells: cells('invoices', [['2024-11', 'available']]),
      },
    ]);
    const text = statusText(board, PLAIN).join('\n');
    expect(text).toMatch(/2024-11-14\nvisits {2}✓ loaded\n\n +2024-11\ninvoices {2}o available/);
  });

  it('lets no control byte of data through', () => {
    const [cell] = cells('visits', [['2024-11-14', 'failed']]) as [Cell];
    const board = aBoard([
      {
        dataset: 'visits',
        relation: 'r',
        unit: 'day',
        cells: [{ ...cell, why: 'server said \u001b[2J\u0007boo\nx' }],
      },
    ]);
    // oxlint-disable-next-line no-control-regex
    expect(statusText(board, PLAIN).join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/u);
  });
});

describe('Status JSON', () => {
  it('is what the contract says, schema first, and what is unknown is absent', () => {
    const object = { key: 'visits_2024-11-14.csv', size: 34, etag: 'e', modified: at(-100) };
    const [cell] = cells('visits', [['2024-11-14', 'loaded']]) as [Cell];
    const board = aBoard([
      {
        dataset: 'visits',
        relation: 'r',
        unit: 'day',
        cells: [{ ...cell, rows: 200_000, object, run: '12', since: at(-50) }],
      },
      {
        dataset: 'weekly',
        computed: true,
        relation: 'w',
        unit: 'week',
        cells: cells('weekly', [['2024-W45', 'owed']]).map((week) => ({ ...week, computed: true as const })),
      },
    ]);
    const text = JSON.stringify(statusJson(board));
    expect(
      text.startsWith(
        '{"schema":"dayboard.status/1","project":"stats","context":"prod","asOf":"2024-11-15T01:00:00.000Z"',
      ),
    ).toBe(true);
    expect(JSON.parse(text)).toEqual({
      schema: 'dayboard.status/1',
      project: 'stats',
      context: 'prod',
      asOf: at(0),
      cells: [
        {
          dataset: 'visits',
          period: '2024-11-14',
          state: 'loaded',
          rows: 200_000,
          version: 1,
          object,
          run: '12',
          since: at(-50),
          why: 'Why it is loaded.',
        },
        expect.objectContaining({ dataset: 'weekly', computed: true, period: '2024-W45', state: 'owed' }),
      ],
      views: [
        {
          name: 'per_day',
          through: '2024-11-12',
          ageSeconds: 176_400,
          verdict: 'error',
          refreshed: at(-3600),
          rows: 1234,
          owed: ['2024-11-13'],
          why: 'Too old.',
        },
        { name: 'lite', verdict: 'unknown', owed: [], why: 'Never computed.' },
      ],
    });
  });
});
