import type { Content } from './content.ts';
import type { PrintSettings } from './result.ts';

/** The CSV format: headers unless tuples only; never a title or footer. */
export function printCsv(content: Content, settings: PrintSettings): string {
  const separator = settings.csvFieldsep;
  const records = settings.tuplesOnly ? content.rows : [content.headers, ...content.rows];
  const line = (fields: readonly string[]): string =>
    `${fields.map((field) => csvField(field, separator)).join(separator)}\n`;
  return records
    .filter((record, at) => record.length > 0 || (at === 0 && !settings.tuplesOnly))
    .map(line)
    .join('');
}

/** CSV, expanded: a line of name and value for each field. */
export function printCsvVertical(content: Content, settings: PrintSettings): string {
  const separator = settings.csvFieldsep;
  const names = content.headers.map((header) => csvField(header, separator));
  return content.rows
    .flatMap((row) => row.map((cell, at) => `${names[at] ?? ''}${separator}${csvField(cell, separator)}\n`))
    .join('');
}

/** Quoted where a reader needs it, and wherever a line might be taken for COPY's end marker `\.`. */
function csvField(value: string, separator: string): string {
  const quoted =
    value.includes(separator) ||
    /[\r\n"]/.test(value) ||
    value === '\\.' ||
    separator === '\\' ||
    separator === '.';
  return quoted ? `"${value.replaceAll('"', '""')}"` : value;
}
