import { type Content, footersOf } from './content.ts';
import type { PrintSettings } from './result.ts';

/** The troff -ms format. */
export function printTroff(content: Content, settings: PrintSettings): string {
  const letters = content.aligns.map((align) => (align === 'right' ? 'r' : 'l'));
  const headers = content.headers.map((header) => `\\fI${escaped(header)}\\fP`).join('\t');
  const rows = content.rows.filter((row) => row.length > 0);
  return [
    tableStart(content, settings),
    `${letters.join(settings.border > 0 ? ' | ' : '')}.\n`,
    settings.tuplesOnly ? '' : `${headers}\n_\n`,
    ...rows.map((row) => `${row.map(escaped).join('\t')}\n`),
    tableEnd(footersOf(content, settings), settings),
  ].join('');
}

/** troff, expanded: a line of name and value for each field. */
export function printTroffVertical(content: Content, settings: PrintSettings): string {
  const { border, tuplesOnly } = settings;
  const line = border >= 1 ? '_\n' : '';
  const records = content.rows
    .filter((row) => row.length > 0)
    .map((row, record) => {
      const fields = row
        .map((cell, at) => `${escaped(content.headers[at] ?? '')}\t${escaped(cell)}\n`)
        .join('');
      if (tuplesOnly) return line + fields;
      const above = record === 0 ? '' : `${border >= 2 ? '_\n' : ''}.T&\n`;
      const label = `c s.\n\\fIRecord ${record + 1}\\fP\n`;
      return `${above}${label}${line}.T&\n${border === 1 ? 'c | l.\n' : 'c l.\n'}${fields}`;
    });
  return [
    tableStart(content, settings),
    tuplesOnly ? 'c l;\n' : '',
    ...records,
    tableEnd(content.footers ?? [], settings),
  ].join('');
}

function tableStart({ title }: Content, { border, tuplesOnly }: PrintSettings): string {
  const caption = tuplesOnly || title === undefined ? '' : `.LP\n.DS C\n${escaped(title)}\n.DE\n`;
  return `${caption}.LP\n.TS\n${border >= 2 ? 'center box;' : 'center;'}\n`;
}

function tableEnd(footers: readonly string[], { tuplesOnly }: PrintSettings): string {
  const below = tuplesOnly ? '' : footers.map((footer) => `${escaped(footer)}\n`).join('');
  return `.TE\n.DS L\n${below}.DE\n`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\(rs');
}
