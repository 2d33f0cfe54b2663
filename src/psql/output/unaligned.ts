import { type Content, footersOf } from './content.ts';
import type { PrintSettings } from './result.ts';

/** The unaligned format. */
export function printUnaligned(content: Content, settings: PrintSettings): string {
  const { fieldsep } = settings;
  const records = content.rows.filter((row) => row.length > 0).map((row) => row.join(fieldsep));
  if (settings.tuplesOnly) return ended(records, settings);
  const title = content.title === undefined ? [] : [content.title];
  return ended(
    [...title, content.headers.join(fieldsep), ...records, ...footersOf(content, settings)],
    settings,
  );
}

/** Records between separators; the last one ends in a newline (or a zero byte where that separates). */
function ended(records: readonly string[], { recordsep }: PrintSettings): string {
  return records.length === 0 ? '' : records.join(recordsep) + end(recordsep);
}

function end(recordsep: string): string {
  return recordsep === '\0' ? '\0' : '\n';
}

/** The unaligned format, expanded: one field a line, a blank record between rows. */
export function printUnalignedVertical(content: Content, settings: PrintSettings): string {
  const { fieldsep, recordsep } = settings;
  const blocks = content.rows
    .filter((row) => row.length > 0)
    .map((row) => row.map((cell, at) => `${content.headers[at] ?? ''}${fieldsep}${cell}`).join(recordsep));
  const titled = settings.tuplesOnly || content.title === undefined ? blocks : [content.title, ...blocks];
  const body = titled.join(recordsep + recordsep);
  const footers = settings.tuplesOnly ? [] : (content.footers ?? []);
  const below = footers.length === 0 ? '' : recordsep + footers.map((footer) => recordsep + footer).join('');
  return body + below + (titled.length === 0 ? '' : end(recordsep));
}
