/** A result as it comes from the server: names and type OIDs of its columns, and every value as text or NULL. */
export interface ResultTable {
  columns: ReadonlyArray<{ name: string; type: number }>;
  rows: ReadonlyArray<ReadonlyArray<string | null>>;
  title?: string;
}

/** The formats that are printed; psql knows LaTeX and troff too. */
export type OutputFormat = 'aligned' | 'unaligned' | 'csv' | 'wrapped' | 'html' | 'asciidoc';

export type LineStyleName = 'ascii' | 'old-ascii' | 'unicode';
export type StrokeName = 'single' | 'double';

/** What `\pset` sets; names are psql's where they are one word. */
export interface PrintSettings {
  format: OutputFormat;
  /** 0 to 2 draw more and more lines; above is as 2. */
  border: number;
  expanded: boolean | 'auto';
  tuplesOnly: boolean;
  /** The default footer, "(n rows)". */
  footer: boolean;
  /** What stands for NULL. */
  null: string;
  /** Between the fields of unaligned output; a zero byte is '\0'. */
  fieldsep: string;
  recordsep: string;
  csvFieldsep: string;
  numericlocale: boolean;
  linestyle: LineStyleName;
  unicodeBorderLinestyle: StrokeName;
  unicodeColumnLinestyle: StrokeName;
  unicodeHeaderLinestyle: StrokeName;
  /** Target width of the wrapped format and of expanded auto; 0 when there is none. */
  columns: number;
  title?: string;
  tableattr?: string;
}

/** As psql starts: aligned, border 1, NULL as nothing. */
export const DEFAULT_PRINT_SETTINGS: PrintSettings = {
  format: 'aligned',
  border: 1,
  expanded: false,
  tuplesOnly: false,
  footer: true,
  null: '',
  fieldsep: '|',
  recordsep: '\n',
  csvFieldsep: ',',
  numericlocale: false,
  linestyle: 'ascii',
  unicodeBorderLinestyle: 'single',
  unicodeColumnLinestyle: 'single',
  unicodeHeaderLinestyle: 'single',
  columns: 0,
};
