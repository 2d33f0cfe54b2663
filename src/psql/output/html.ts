import { type Content, footersOf } from './content.ts';
import type { PrintSettings } from './result.ts';

/** The HTML format. */
export function printHtml(content: Content, settings: PrintSettings): string {
  const headers = content.headers
    .map((header) => `    <th align="center">${escaped(header)}</th>\n`)
    .join('');
  const rows = content.rows
    .filter((row) => row.length > 0)
    .map(
      (row) => `  <tr valign="top">\n${row.map((cell, at) => cellOf(content, at, cell)).join('')}  </tr>\n`,
    );
  return [
    tableStart(content, settings),
    settings.tuplesOnly ? '' : `  <tr>\n${headers}  </tr>\n`,
    ...rows,
    tableEnd(footersOf(content, settings), settings),
  ].join('');
}

/** HTML, expanded: a row of name and value for each field. */
export function printHtmlVertical(content: Content, settings: PrintSettings): string {
  const records = content.rows.map((row, record) => {
    const label = settings.tuplesOnly
      ? '\n  <tr><td colspan="2">&nbsp;</td></tr>\n'
      : `\n  <tr><td colspan="2" align="center">Record ${record + 1}</td></tr>\n`;
    const fields = row.map(
      (cell, at) =>
        `  <tr valign="top">\n    <th>${escaped(content.headers[at] ?? '')}</th>\n${cellOf(content, at, cell)}  </tr>\n`,
    );
    return row.length === 0 ? '' : label + fields.join('');
  });
  return tableStart(content, settings) + records.join('') + tableEnd(content.footers ?? [], settings);
}

function tableStart({ title }: Content, { border, tableattr, tuplesOnly }: PrintSettings): string {
  const attributes = tableattr === undefined ? '' : ` ${tableattr}`;
  const caption = tuplesOnly || title === undefined ? '' : `  <caption>${escaped(title)}</caption>\n`;
  return `<table border="${border}"${attributes}>\n${caption}`;
}

function tableEnd(footers: readonly string[], { tuplesOnly }: PrintSettings): string {
  if (tuplesOnly || footers.length === 0) return '</table>\n\n';
  return `</table>\n<p>${footers.map((footer) => `${escaped(footer)}<br />\n`).join('')}</p>\n`;
}

function cellOf({ aligns }: Content, at: number, cell: string): string {
  const text = /^[ \t]*$/.test(cell) ? '&nbsp; ' : escaped(cell);
  return `    <td align="${aligns[at] ?? 'left'}">${text}</td>\n`;
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '<br />\n',
};

/** Leading spaces are kept: they carry the shape of EXPLAIN. */
function escaped(text: string): string {
  return text
    .replaceAll(/[&<>"\n]/g, (character) => ENTITIES[character] ?? character)
    .replace(/^ +/, (spaces) => '&nbsp;'.repeat(spaces.length));
}
