import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BoardContents,
  boardLayout,
  isTooSmall,
  listLayout,
  visibleWindow,
} from '../../src/console/layout.ts';

describe('a window', () => {
  /** '..[..x.]....': what is shown of a list, with the cursor. */
  function picture(cursor: number, size: number, total: number, from: number): string {
    const { first, end } = visibleWindow(cursor, size, total, from);
    const items = Array.from({ length: total }, (_, index) => (index === cursor ? 'x' : '.'));
    return `${items.slice(0, first).join('')}[${items.slice(first, end).join('')}]${items.slice(end).join('')}`;
  }

  it('stays while the cursor is inside', () => {
    expect(picture(3, 5, 12, 2)).toBe('..[.x...].....');
    expect(picture(6, 5, 12, 2)).toBe('..[....x].....');
  });

  it('jumps by half when the cursor leaves it', () => {
    expect(picture(7, 5, 12, 2)).toBe('....[...x.]...');
    expect(picture(1, 5, 12, 2)).toBe('[.x...].......');
    expect(picture(5, 4, 12, 7)).toBe('....[.x..]....');
  });

  it('goes to the ends and no further', () => {
    expect(picture(11, 5, 12, 0)).toBe('.......[....x]');
    expect(picture(0, 5, 12, 9)).toBe('[x....].......');
    expect(picture(1, 5, 3, 0)).toBe('[.x.]');
    expect(visibleWindow(0, 5, 0)).toEqual({ first: 0, end: 0 });
  });

  it('always holds the cursor, is as large as it can be, and does not move when asked again', () => {
    fc.assert(
      fc.property(
        fc.nat(300),
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(400),
        (at, size, total, from) => {
          const cursor = Math.min(at, total - 1);
          const window = visibleWindow(cursor, size, total, from);
          expect(window.first).toBeGreaterThanOrEqual(0);
          expect(window.first).toBeLessThanOrEqual(cursor);
          expect(window.end).toBeGreaterThan(cursor);
          expect(window.end - window.first).toBe(Math.min(size, total));
          expect(visibleWindow(cursor, size, total, window.first)).toEqual(window);
        },
      ),
    );
  });
});

describe('the board', () => {
  const contents: BoardContents = {
    tables: 7,
    views: 4,
    checks: 2,
    runs: 12,
    days: 120,
    longestName: 24,
    dayWidth: undefined,
    tip: false,
  };

  /** A letter for each row of the screen: Title, Head, Table, View, Check, Run, Panel, Legend, tIp, Footer. */
  function rows(columns: number, height: number, change: Partial<BoardContents> = {}): string {
    const layout = boardLayout({ columns, rows: height }, { ...contents, ...change });
    const section = (letter: string, count: number) =>
      count > 0 ? `${layout.spaced ? ' ' : ''}-${letter.repeat(count)}` : '';
    const body = `TTHH${'t'.repeat(layout.tableRows)}${section('v', layout.viewRows)}${section('c', layout.checkRows)}${section('r', layout.runRows)}`;
    const end = `${layout.panel.at === 'below' ? 'P'.repeat(layout.panel.rows) : ''}${layout.tip ? 'I' : ''}${layout.legend ? 'L' : ''}F`;
    return `${body.padEnd(height - end.length)}${end}`;
  }

  it('shows tables, views and the panel at 80x24', () => {
    expect(rows(80, 24)).toBe('TTHHttttttt-vvvvPPPPPPLF');
  });

  it('leaves rows for the tip when there is one', () => {
    expect(rows(80, 24, { tip: true })).toBe('TTHHttttttt-vvvPPPPPPILF');
  });

  it('gives the tables what there is at 60x16', () => {
    expect(rows(60, 16)).toBe('TTHHtttttttPPPPF');
  });

  it('scrolls many tables between the views and the head', () => {
    expect(rows(80, 24, { tables: 60 })).toBe('TTHHttttttttt-vvvPPPPPLF');
  });

  it('fills 200x50 with checks and runs, the panel at the right', () => {
    expect(rows(200, 50)).toBe('TTHHttttttt -vvvv -cc -rrrrrrrrrrrr             LF');
  });

  it('never takes more rows or columns than there are', () => {
    const numbers = fc.record({
      tables: fc.nat(90),
      views: fc.nat(20),
      checks: fc.nat(20),
      runs: fc.nat(30),
      days: fc.integer({ min: 1, max: 1100 }),
      longestName: fc.nat(80),
      dayWidth: fc.constantFrom(undefined, 1, 2, 3),
      tip: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 300 }),
        fc.integer({ min: 16, max: 100 }),
        numbers,
        (columns, height, change) => {
          expect(rows(columns, height, change)).toHaveLength(height);
          const layout = boardLayout({ columns, rows: height }, change);
          expect(layout.daysAt + layout.dayCount * layout.dayWidth).toBeLessThanOrEqual(layout.width);
          expect(layout.panel.at === 'right' ? layout.width + 1 + layout.panel.width : layout.width).toBe(
            columns,
          );
        },
      ),
    );
  });

  it('hides medians and sizes below 100 columns', () => {
    expect(boardLayout({ columns: 99, rows: 24 }, contents).facts).toBe(0);
    expect(boardLayout({ columns: 100, rows: 24 }, contents).facts).toBeGreaterThan(0);
  });
});

describe('other screens', () => {
  it('give a list its rows before its panel', () => {
    expect(listLayout({ columns: 80, rows: 24 }, 5, 40, 11)).toEqual({ list: 8, panel: 11 });
    expect(listLayout({ columns: 80, rows: 16 }, 5, 40, 11)).toEqual({ list: 5, panel: 6 });
  });

  it('need 60x16', () => {
    expect(isTooSmall({ columns: 60, rows: 16 })).toBe(false);
    expect(isTooSmall({ columns: 59, rows: 40 })).toBe(true);
    expect(isTooSmall({ columns: 200, rows: 15 })).toBe(true);
  });
});
