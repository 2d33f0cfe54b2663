/** What `dayboard init` knows before it writes a definition. */
export interface InitAnswers {
  name: string;
  timeZone: string;
  dataset: string;
  key: string;
  columns: InitColumn[];
  table: string;
  /** The directory that deliveries come from; undefined for S3. */
  directory?: string;
}

export interface InitColumn {
  name: string;
  type: string;
  nullable: boolean;
}

/** The day that a delivery is for, stamped on its rows. */
const STAMP = 'delivery_day';

/**
 * 'id:text, amount:numeric(10,2)?' as columns; '?' lets a column be NULL.
 * @returns undefined when a part is no column
 */
export function parseColumns(text: string): InitColumn[] | undefined {
  const columns: InitColumn[] = [];
  // Commas inside parentheses belong to the type.
  for (const part of text.split(/,(?![^(]*\))/)) {
    const found = /^\s*([^:]+?)\s*:\s*([^:?]+?)\s*(\?)?\s*$/.exec(part);
    if (found === null) return undefined;
    columns.push({ name: found[1] ?? '', type: found[2] ?? '', nullable: found[3] !== undefined });
  }
  return columns;
}

/** A definition that loads as it is, with comments that say what could be said more. */
export function configText(answers: InitAnswers): string {
  const { name, timeZone, dataset, key, columns, table, directory } = answers;
  const stamp = stampName(columns);
  const source =
    directory === undefined
      ? `  // S3_BUCKET_NAME, S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY say where.
  sources: { s3: { kind: 's3' } },`
      : `  // Files of one folder. For objects of a bucket: { s3: { kind: 's3' } }, and the S3_ variables say where.
  sources: { files: { kind: 'directory', path: ${quote(directory)} } },`;
  return `import { defineProject, deliveryDay } from 'dayboard';

// DATABASE_URL (or the PG variables) says which PostgreSQL. Try it with: dayboard doctor, then dayboard plan yesterday
export default defineProject({
  name: ${quote(name)},
  // In this zone 'yesterday' is meant, and days begin.
  timeZone: ${quote(timeZone)},
  // When \`dayboard schedule\` runs, and how many days back it catches up. CRON_SCHEDULE is used without \`at\`.
  schedule: { timeZone: 'UTC', catchUpDays: 7 },
${source}
  datasets: [
    {
      name: ${quote(dataset)},
      // {period} stands for 2024-11-14 (with period: 'week' 2024-W46, with 'month' 2024-11). .gz and .zst are found too.
      key: ${quote(key)},
      period: 'day',
      // What a delivery carries decides how it is published:
      //   { kind: 'period', column }                 rows of its own day only: the day is replaced whole
      //   { kind: 'window', key: [...] }             rows of several days: merged by key, the newest delivery's stand
      //   { kind: 'snapshot', mode: 'replace' }      everything there is: the table is replaced whole
      //   { kind: 'snapshot', mode: 'merge', key: [...] }  the same, but rows outlive their disappearance
      carries: { kind: 'period', column: ${quote(stamp)} },
      // The file's columns, in the file's order: the header must show exactly these.
      file: [${columns.map((column) => quote(column.name)).join(', ')}],
      table: {
        name: ${quote(table)},
        columns: {
${columns.map((column) => `          ${columnText(column)},`).join('\n')}
          // Computed on the way in: the day that the delivery is for.
          ${stamp}: { type: 'date', value: deliveryDay() },
        },
        partitionBy: ${quote(stamp)},
      },
      // What stops a delivery, or marks it: an empty file, and half or twice the usual number of rows.
      guards: { empty: 'stop', rows: { low: 0.5, high: 2, action: 'mark' } },
      // Due on the day after, at this time in the time zone.
      expected: { days: 1, at: '01:00' },
      freshness: { column: ${quote(stamp)}, warnHours: 30, errorHours: 54 },
    },
  ],
  // Aggregates that each publish keeps exact.
  rollups: [
    // {
    //   name: ${quote(`${dataset}_per_day`)},
    //   over: ${quote(dataset)},
    //   groups: { ${stamp}: 'date' },
    //   measures: { row_count: { kind: 'count' } },
    //   bucket: { group: ${quote(stamp)} },
    // },
  ],
  // Aggregates that stay plain SQL, and data-quality checks: views: [...], checks: [...].
});
`;
}

function stampName(columns: readonly InitColumn[]): string {
  const taken = columns.map((column) => column.name);
  for (let name = STAMP; ; name = `${name}_`) if (!taken.includes(name)) return name;
}

function columnText({ name, type, nullable }: InitColumn): string {
  const value = nullable ? `{ type: ${quote(type)}, nullable: true }` : quote(type);
  return `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name)}: ${value}`;
}

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
