/** A result as it comes from the server: names and type OIDs of its columns, and every value as text or NULL. */
export interface ResultTable {
  columns: ReadonlyArray<{ name: string; type: number }>;
  rows: ReadonlyArray<ReadonlyArray<string | null>>;
  title?: string;
}

export type OutputFormat =
  | 'aligned'
  | 'unaligned'
  | 'csv'
  | 'wrapped'
  | 'html'
  | 'asciidoc'
  | 'latex'
  | 'latex-longtable'
  | 'troff-ms';

export type LineStyleName = 'ascii' | 'old-ascii' | 'unicode';
export type StrokeName = 'single' | 'double';

/** What `\pset` sets; names are psql's where they are one word. */
export interface PrintSettings {
  format: OutputFormat;
  /** 0 to 2 draw more and more lines; LaTeX knows 3 too, elsewhere it is as 2. */
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
  /** Kept for `\\pset`, which shows them: output never goes through a pager here. */
  pager: 'off' | 'on' | 'always';
  pagerMinLines: number;
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
  pager: 'on',
  pagerMinLines: 0,
  columns: 0,
};
