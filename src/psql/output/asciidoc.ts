import { type Content, footersOf } from './content.ts';
import type { PrintSettings } from './result.ts';

const FRAMES: readonly string[] = [',frame="none",grid="none"', ',frame="none"', ',frame="all",grid="all"'];

/** The AsciiDoc format. */
export function printAsciidoc(content: Content, settings: PrintSettings): string {
  const options = settings.tuplesOnly ? '' : 'options="header",';
  const columns = content.aligns.map((align) => (align === 'right' ? '>l' : '<l')).join(',');
  const headers = settings.tuplesOnly
    ? ''
    : `${content.headers.map((name) => `^l|${escaped(name)}`).join(' ')}\n`;
  const rows = content.rows.filter((row) => row.length > 0).map((row) => `${row.map(cellOf).join(' ')}\n`);
  return [
    tableStart(content, settings, `${options}cols="${columns}"`),
    headers,
    ...rows,
    tableEnd(footersOf(content, settings), settings),
  ].join('');
}

/** AsciiDoc, expanded: a row of name and value for each field. */
export function printAsciidocVertical(content: Content, settings: PrintSettings): string {
  const records = content.rows.map((row, record) => {
    const fields = row.map((cell, at) => {
      const align = content.aligns[at] === 'right' ? '>l' : '<l';
      return `<l|${escaped(content.headers[at] ?? '')} ${align}|${isBlank(cell) ? ' ' : escaped(cell)}\n`;
    });
    const label = settings.tuplesOnly ? '2+|\n' : `2+^|Record ${record + 1}\n`;
    return row.length === 0 ? '' : label + fields.join('');
  });
  return [
    tableStart(content, settings, 'cols="h,l"'),
    ...records,
    tableEnd(content.footers ?? [], settings),
  ].join('');
}

function tableStart({ title }: Content, { tuplesOnly, border }: PrintSettings, options: string): string {
  const caption = tuplesOnly || title === undefined ? '' : `.${title}\n`;
  return `\n${caption}[${options}${FRAMES[border] ?? ''}]\n|====\n`;
}

function tableEnd(footers: readonly string[], { tuplesOnly }: PrintSettings): string {
  if (tuplesOnly || footers.length === 0) return '|====\n';
  return `|====\n\n....\n${footers.map((footer) => `${footer}\n`).join('')}....\n`;
}

function cellOf(cell: string, at: number, row: readonly string[]): string {
  if (isBlank(cell)) return at < row.length - 1 ? '| ' : '|';
  return `|${escaped(cell)}`;
}

function isBlank(cell: string): boolean {
  return /^[ \t]*$/.test(cell);
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
