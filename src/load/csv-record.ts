const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Where the first CSV record ends: the offset behind its line end (LF, CRLF or CR), or undefined when the bytes end
 * inside it. A line end inside quotes belongs to the record. A CR as the last byte is not decided yet.
 */
export function firstRecordEnd(bytes: Buffer): number | undefined {
  let quoted = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) quoted = !quoted;
    else if (quoted) continue;
    else if (byte === LF) return at + 1;
    else if (byte === CR && at + 1 < bytes.length) return bytes[at + 1] === LF ? at + 2 : at + 1;
  }
  return undefined;
}

/** The fields of one CSV record, without quotes, by PostgreSQL's rules: inside quotes `""` is one; spaces count. */
export function recordFields(record: string): string[] {
  const line = record.replace(/\r?\n$|\r$/, '');
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (character === '"' && quoted && line.charAt(at + 1) === '"') field += line.charAt(at++);
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  return [...fields, field];
}
