/** One record with its end of line; fields are quoted only where they must be, as the exporter does. */
export function record(fields: ReadonlyArray<string | number>): string {
  return `${fields.map((field) => (typeof field === 'number' ? field : quoted(field))).join(',')}\n`;
}

function quoted(field: string): string {
  return /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
