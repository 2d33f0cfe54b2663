import { notAmong, notBoolean, parseBoolean } from './boolean.ts';
import type { LineStyleName, OutputFormat, PrintSettings, StrokeName } from './result.ts';
import { describeSetting, type SettingName } from './settings-text.ts';

/** What `\pset` came to: the new settings and what psql says (nothing under QUIET), or its error. */
export type SettingChange =
  | { ok: true; settings: PrintSettings; message: string }
  | { ok: false; message: string };

type Some = Partial<PrintSettings>;
/** What a value does; a string is psql's error. */
type Effect = Some | string;

/** `\pset` has several words for some settings. */
const ALIASES: Record<string, SettingName> = {
  x: 'expanded',
  vertical: 'expanded',
  t: 'tuples_only',
  T: 'tableattr',
  C: 'title',
};

/** The order in which psql tells which of two formats an abbreviation means. */
const FORMATS: readonly OutputFormat[] = [
  'aligned',
  'asciidoc',
  'csv',
  'html',
  'latex',
  'troff-ms',
  'unaligned',
  'wrapped',
];
const LINE_STYLES: readonly LineStyleName[] = ['ascii', 'old-ascii', 'unicode'];
const STROKES: readonly StrokeName[] = ['single', 'double'];

/** `word` is the option as it was typed: errors name it so. */
const EFFECTS: Record<SettingName, (value: string | undefined, now: PrintSettings, word: string) => Effect> =
  {
    format: (value) => (value === undefined ? {} : formatEffect(value)),
    border: (value) => (value === undefined ? {} : { border: integer(value) & 0xffff }),
    expanded: expandedEffect,
    csv_fieldsep: csvFieldsepEffect,
    fieldsep: (value) => (value === undefined ? {} : { fieldsep: value }),
    fieldsep_zero: () => ({ fieldsep: '\0' }),
    recordsep: (value) => (value === undefined ? {} : { recordsep: value }),
    recordsep_zero: () => ({ recordsep: '\0' }),
    null: (value) => (value === undefined ? {} : { null: value }),
    numericlocale: (value, now, word) =>
      switched(value, word, now.numericlocale, (on) => ({ numericlocale: on })),
    tuples_only: (value, now, word) => switched(value, word, now.tuplesOnly, (on) => ({ tuplesOnly: on })),
    footer: (value, now, word) => switched(value, word, now.footer, (on) => ({ footer: on })),
    title: (value) => ({ title: value }),
    tableattr: (value) => ({ tableattr: value }),
    pager: pagerEffect,
    pager_min_lines: (value) => (value === undefined ? {} : { pagerMinLines: integer(value) }),
    columns: (value) => (value === undefined ? {} : { columns: integer(value) }),
    linestyle: (value) => (value === undefined ? {} : lineStyleEffect(value)),
    unicode_border_linestyle: (value) =>
      strokeEffect(value, 'border', (stroke) => ({ unicodeBorderLinestyle: stroke })),
    unicode_column_linestyle: (value) =>
      strokeEffect(value, 'column', (stroke) => ({ unicodeColumnLinestyle: stroke })),
    unicode_header_linestyle: (value) =>
      strokeEffect(value, 'header', (stroke) => ({ unicodeHeaderLinestyle: stroke })),
  };

/** Settings that psql says nothing of when they are given a value. */
const SILENT = new Set<SettingName>(['numericlocale', 'tuples_only', 'footer']);

/**
 * `\pset OPTION [VALUE]`. The message goes to stdout unless QUIET is set; an error's goes to stderr after
 * `psql:FILE:LINE: error: `.
 */
export function changeSetting(
  settings: PrintSettings,
  option: string,
  value: string | undefined,
): SettingChange {
  const name = ALIASES[option] ?? option;
  if (!isSetting(name)) return { ok: false, message: `\\pset: unknown option: ${option}` };
  const effect = EFFECTS[name](value, settings, option);
  if (typeof effect === 'string') return { ok: false, message: effect };
  const changed = { ...settings, ...effect };
  const silent = value !== undefined && SILENT.has(name);
  return { ok: true, settings: changed, message: silent ? '' : describeSetting(changed, name) };
}

/** The `\pset` that a command of one letter stands for: `\a \C \f \H \t \T \x`. */
export function settingOfCommand(
  command: 'a' | 'C' | 'f' | 'H' | 't' | 'T' | 'x',
  argument: string | undefined,
  settings: PrintSettings,
): { option: SettingName; value: string | undefined } {
  switch (command) {
    case 'a':
      return { option: 'format', value: settings.format === 'aligned' ? 'unaligned' : 'aligned' };
    case 'H':
      return { option: 'format', value: settings.format === 'html' ? 'aligned' : 'html' };
    case 'C':
      return { option: 'title', value: argument };
    case 'f':
      return { option: 'fieldsep', value: argument };
    case 't':
      return { option: 'tuples_only', value: argument };
    case 'T':
      return { option: 'tableattr', value: argument };
    case 'x':
      return { option: 'expanded', value: argument };
  }
}

function isSetting(name: string): name is SettingName {
  return Object.hasOwn(EFFECTS, name);
}

function formatEffect(value: string): Effect {
  const [first, second] = FORMATS.filter((format) => format.startsWith(value));
  if (first !== undefined && second !== undefined) {
    return `\\pset: ambiguous abbreviation "${value}" matches both "${first}" and "${second}"`;
  }
  if (first !== undefined) return { format: first };
  if ('latex-longtable'.startsWith(value)) return { format: 'latex-longtable' };
  return '\\pset: allowed formats are aligned, asciidoc, csv, html, latex, latex-longtable, troff-ms, unaligned, wrapped';
}

function expandedEffect(value: string | undefined, now: PrintSettings, word: string): Effect {
  if (value === undefined) return { expanded: now.expanded === false };
  if (value.toLowerCase() === 'auto') return { expanded: 'auto' };
  const on = parseBoolean(value);
  return on === undefined ? notAmong(value, word, 'on, off, auto') : { expanded: on };
}

function pagerEffect(value: string | undefined, now: PrintSettings, word: string): Effect {
  if (value === undefined) return { pager: now.pager === 'on' ? 'off' : 'on' };
  if (value.toLowerCase() === 'always') return { pager: 'always' };
  const on = parseBoolean(value);
  if (on === undefined) return notAmong(value, word, 'on, off, always');
  return { pager: on ? 'on' : 'off' };
}

function csvFieldsepEffect(value: string | undefined): Effect {
  if (value === undefined) return {};
  if (Buffer.byteLength(value) !== 1) return '\\pset: csv_fieldsep must be a single one-byte character';
  return /["\r\n]/.test(value)
    ? '\\pset: csv_fieldsep cannot be a double quote, a newline, or a carriage return'
    : { csvFieldsep: value };
}

function lineStyleEffect(value: string): Effect {
  const linestyle = LINE_STYLES.find((style) => style.startsWith(value));
  return linestyle === undefined
    ? '\\pset: allowed line styles are ascii, old-ascii, unicode'
    : { linestyle };
}

function strokeEffect(
  value: string | undefined,
  which: string,
  effect: (stroke: StrokeName) => Some,
): Effect {
  if (value === undefined) return {};
  const stroke = STROKES.find((each) => each.startsWith(value));
  return stroke === undefined
    ? `\\pset: allowed Unicode ${which} line styles are single, double`
    : effect(stroke);
}

function switched(
  value: string | undefined,
  word: string,
  now: boolean,
  effect: (on: boolean) => Some,
): Effect {
  if (value === undefined) return effect(!now);
  const on = parseBoolean(value);
  return on === undefined ? notBoolean(value, word) : effect(on);
}

/** The leading number of a text, as C reads it: 0 when there is none. */
function integer(text: string): number {
  const number = Number.parseInt(text, 10);
  return Number.isNaN(number) ? 0 : number | 0;
}
