import type { PrintSettings } from './result.ts';

/** The settings of `\pset`, in the order in which it lists them. */
const NAMES = [
  'border',
  'columns',
  'csv_fieldsep',
  'expanded',
  'fieldsep',
  'fieldsep_zero',
  'footer',
  'format',
  'linestyle',
  'null',
  'numericlocale',
  'pager',
  'pager_min_lines',
  'recordsep',
  'recordsep_zero',
  'tableattr',
  'title',
  'tuples_only',
  'unicode_border_linestyle',
  'unicode_column_linestyle',
  'unicode_header_linestyle',
] as const;

export type SettingName = (typeof NAMES)[number];

const PAGER_LEVELS: Record<PrintSettings['pager'], string> = { off: '0', on: '1', always: '2' };
const PAGER_TEXTS: Record<PrintSettings['pager'], string> = {
  off: 'Pager usage is off.',
  on: 'Pager is used for long output.',
  always: 'Pager is always used.',
};

/** The list that `\pset` without an option prints, QUIET or not. */
export function listSettings(settings: PrintSettings): string {
  return NAMES.map((name) => `${name.padEnd(24)} ${valueText(settings, name)}\n`).join('');
}

/** What psql says after a setting was set or asked for, with its newline. */
export function describeSetting(settings: PrintSettings, name: SettingName): string {
  return `${sentence(settings, name)}\n`;
}

function sentence(settings: PrintSettings, name: SettingName): string {
  switch (name) {
    case 'border':
      return `Border style is ${settings.border}.`;
    case 'columns':
      return settings.columns === 0 ? 'Target width is unset.' : `Target width is ${settings.columns}.`;
    case 'csv_fieldsep':
      return `Field separator for CSV is "${settings.csvFieldsep}".`;
    case 'expanded':
      return settings.expanded === 'auto'
        ? 'Expanded display is used automatically.'
        : `Expanded display is ${onOff(settings.expanded)}.`;
    case 'fieldsep':
    case 'fieldsep_zero':
      return separatorText('Field', settings.fieldsep);
    case 'recordsep':
    case 'recordsep_zero':
      return separatorText('Record', settings.recordsep);
    case 'footer':
      return `Default footer is ${onOff(settings.footer)}.`;
    case 'format':
      return `Output format is ${settings.format}.`;
    case 'linestyle':
      return `Line style is ${settings.linestyle}.`;
    case 'null':
      return `Null display is "${settings.null}".`;
    case 'numericlocale':
      return `Locale-adjusted numeric output is ${onOff(settings.numericlocale)}.`;
    case 'pager':
      return PAGER_TEXTS[settings.pager];
    case 'pager_min_lines':
      return `Pager won't be used for less than ${settings.pagerMinLines} line${settings.pagerMinLines === 1 ? '' : 's'}.`;
    case 'tableattr':
      return settings.tableattr === undefined
        ? 'Table attributes unset.'
        : `Table attributes are "${settings.tableattr}".`;
    case 'title':
      return settings.title === undefined ? 'Title is unset.' : `Title is "${settings.title}".`;
    case 'tuples_only':
      return `Tuples only is ${onOff(settings.tuplesOnly)}.`;
    case 'unicode_border_linestyle':
      return `Unicode border line style is "${settings.unicodeBorderLinestyle}".`;
    case 'unicode_column_linestyle':
      return `Unicode column line style is "${settings.unicodeColumnLinestyle}".`;
    case 'unicode_header_linestyle':
      return `Unicode header line style is "${settings.unicodeHeaderLinestyle}".`;
  }
}

function separatorText(which: 'Field' | 'Record', separator: string): string {
  if (separator === '\0') return `${which} separator is zero byte.`;
  if (which === 'Record' && separator === '\n') return 'Record separator is <newline>.';
  return `${which} separator is "${separator}".`;
}

function valueText(settings: PrintSettings, name: SettingName): string {
  switch (name) {
    case 'border':
      return String(settings.border);
    case 'columns':
      return String(settings.columns);
    case 'csv_fieldsep':
      return quoted(settings.csvFieldsep);
    case 'expanded':
      return settings.expanded === 'auto' ? 'auto' : onOff(settings.expanded);
    case 'fieldsep':
      return quoted(settings.fieldsep.replace('\0', ''));
    case 'fieldsep_zero':
      return onOff(settings.fieldsep === '\0');
    case 'recordsep':
      return quoted(settings.recordsep.replace('\0', ''));
    case 'recordsep_zero':
      return onOff(settings.recordsep === '\0');
    case 'footer':
      return onOff(settings.footer);
    case 'format':
      return settings.format;
    case 'linestyle':
      return settings.linestyle;
    case 'null':
      return quoted(settings.null);
    case 'numericlocale':
      return onOff(settings.numericlocale);
    case 'pager':
      return PAGER_LEVELS[settings.pager];
    case 'pager_min_lines':
      return String(settings.pagerMinLines);
    case 'tableattr':
      return settings.tableattr === undefined ? '' : quoted(settings.tableattr);
    case 'title':
      return settings.title === undefined ? '' : quoted(settings.title);
    case 'tuples_only':
      return onOff(settings.tuplesOnly);
    case 'unicode_border_linestyle':
      return settings.unicodeBorderLinestyle;
    case 'unicode_column_linestyle':
      return settings.unicodeColumnLinestyle;
    case 'unicode_header_linestyle':
      return settings.unicodeHeaderLinestyle;
  }
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off';
}

/** A value in quotes that `\pset` takes again. */
function quoted(value: string): string {
  return `'${value.replaceAll(/['\n]/g, (character) => (character === '\n' ? '\\n' : "\\'"))}'`;
}
