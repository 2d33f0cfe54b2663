import { INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC, OID, XID, XID8, CID, MONEY } from './type-oids.ts';
import type { PrintSettings, ResultTable } from './result.ts';

export type Align = 'left' | 'right';

/** A table ready to print: texts only. */
export interface Content {
  title?: string;
  headers: readonly string[];
  aligns: readonly Align[];
  rows: ReadonlyArray<readonly string[]>;
  /** Lines below the table in place of "(n rows)". */
  footers?: readonly string[];
}

const RIGHT = new Set<number>([INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC, OID, XID, XID8, CID, MONEY]);

/** Numbers stand on the right, everything else on the left. */
export function alignOf(type: number): Align {
  return RIGHT.has(type) ? 'right' : 'left';
}

/** A result's texts: NULL as the settings say, numbers grouped when asked for. */
export function contentOf(table: ResultTable, settings: PrintSettings): Content {
  const aligns = table.columns.map(({ type }) => alignOf(type));
  const title = table.title ?? settings.title;
  return {
    ...(title === undefined ? {} : { title }),
    headers: table.columns.map(({ name }) => name),
    aligns,
    rows: table.rows.map((row) =>
      row.map((value, column) => {
        if (value === null) return settings.null;
        return settings.numericlocale && aligns[column] === 'right' ? grouped(value) : value;
      }),
    ),
  };
}

/** The lines below a table: its own, else "(n rows)" unless that is switched off. */
export function footersOf(content: Content, settings: PrintSettings): readonly string[] {
  if (content.footers !== undefined && content.footers.length > 0) return content.footers;
  if (!settings.footer) return [];
  const count = content.rows.length;
  return [`(${count} row${count === 1 ? '' : 's'})`];
}

/** A number with its thousands parted, as psql does where the locale says nothing else. */
function grouped(value: string): string {
  if (!/^[0-9+\-.eE]*$/.test(value)) return value;
  const [, sign = '', digits = '', rest = ''] = /^([-+]?)(\d*)(.*)$/.exec(value) ?? [];
  return sign + digits.replaceAll(/\B(?=(\d{3})+$)/g, ',') + rest;
}
