import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PRINT_SETTINGS } from '../../../src/psql/output/result.ts';
import { changeSetting, settingOfCommand } from '../../../src/psql/output/settings.ts';
import { listSettings } from '../../../src/psql/output/settings-text.ts';
import { timingLine } from '../../../src/psql/output/timing.ts';
import { runServer } from '../../support/postgres.ts';
import { comparedWithPsql, psqlVersion, runPsql, wantPsql } from '../../support/psql.ts';

interface Command {
  option: string;
  value?: string | undefined;
}

const words = [
  'on',
  'off',
  'of',
  'o',
  'TRUE',
  'f',
  'yes',
  'n',
  '1',
  '0',
  'maybe',
  'auto',
  'always',
  '',
  'AUTO',
];
const numbers = ['0', '1', '2', '3', '12', '-1', '70000', 'x', '5y'];
const texts = ['', ';', ',', ';;', '"', 'a b', "it's", '日', 'l', '\t'];
const values: Record<string, readonly string[]> = {
  format: ['aligned', 'a', 'al', 'as', 'csv', 'c', 'h', 'latex', 'latex-l', 'tr', 'un', 'w', 'x', ''],
  border: numbers,
  columns: numbers,
  pager_min_lines: numbers,
  linestyle: ['ascii', 'a', 'o', 'u', 'x', ''],
  unicode_border_linestyle: ['s', 'double', 'x', ''],
  unicode_column_linestyle: ['s', 'double', 'x', ''],
  unicode_header_linestyle: ['s', 'double', 'x', ''],
};
for (const option of ['expanded', 'x', 'vertical', 'tuples_only', 't', 'footer', 'numericlocale', 'pager']) {
  values[option] = words;
}
for (const option of ['fieldsep', 'recordsep', 'csv_fieldsep', 'null', 'title', 'C', 'tableattr', 'T']) {
  values[option] = texts;
}
for (const option of ['fieldsep_zero', 'recordsep_zero', 'nothing_such']) values[option] = ['on'];

const command: fc.Arbitrary<Command> = fc.constantFrom(...Object.keys(values)).chain((option) =>
  fc.record({
    option: fc.constant(option),
    value: fc.option(fc.constantFrom(...values[option]!), { nil: undefined }),
  }),
);
const commands = fc.array(command, { minLength: 200, maxLength: 200 });

function quoted(value: string): string {
  return `'${value.replaceAll("'", "''").replaceAll('\t', '\\t')}'`;
}

/** The commands through our own settings: what is said, and the list of settings after each. */
function ours(list: readonly Command[]): { stdout: string; stderr: string } {
  let settings = DEFAULT_PRINT_SETTINGS;
  let [stdout, stderr] = ['', ''];
  list.forEach(({ option, value }, at) => {
    const change = changeSetting(settings, option, value);
    if (change.ok) {
      settings = change.settings;
      stdout += change.message;
    } else stderr += `psql:<stdin>:${at * 2 + 1}: error: ${change.message}\n`;
    stdout += listSettings(settings);
  });
  return { stdout, stderr };
}

describe(`${comparedWithPsql('print settings', 15)}`, () => {
  it.runIf(wantPsql() && psqlVersion()?.major === 15)(
    'change, complain and are listed as those of psql',
    async () => {
      for (const list of fc.sample(commands, { numRuns: 10, seed: 15 })) {
        const script = list
          .map(
            ({ option, value }) =>
              `\\pset ${option}${value === undefined ? '' : ` ${quoted(value)}`}\n\\pset\n`,
          )
          .join('');
        const { stdout, stderr } = await runPsql(runServer().connectionString('postgres'), ['-f', '-'], {
          stdin: script,
        });
        expect(ours(list)).toEqual({ stdout, stderr });
      }
    },
  );

  it('are changed by the commands of one letter too', () => {
    const start = DEFAULT_PRINT_SETTINGS;
    expect(settingOfCommand('a', undefined, start)).toEqual({ option: 'format', value: 'unaligned' });
    expect(settingOfCommand('a', undefined, { ...start, format: 'csv' })).toEqual({
      option: 'format',
      value: 'aligned',
    });
    expect(settingOfCommand('H', undefined, { ...start, format: 'html' })).toEqual({
      option: 'format',
      value: 'aligned',
    });
    expect(settingOfCommand('C', 'Title', start)).toEqual({ option: 'title', value: 'Title' });
    expect(settingOfCommand('f', undefined, start)).toEqual({ option: 'fieldsep', value: undefined });
    expect(settingOfCommand('t', 'on', start)).toEqual({ option: 'tuples_only', value: 'on' });
    expect(settingOfCommand('T', 'x', start)).toEqual({ option: 'tableattr', value: 'x' });
    expect(settingOfCommand('x', 'auto', start)).toEqual({ option: 'expanded', value: 'auto' });
  });
});

describe('the time of a statement', () => {
  it.each([
    [0, 'Time: 0.000 ms'],
    [999.9994, 'Time: 999.999 ms'],
    [1000, 'Time: 1000.000 ms (00:01.000)'],
    [61_500.25, 'Time: 61500.250 ms (01:01.500)'],
    [3_600_000, 'Time: 3600000.000 ms (01:00:00.000)'],
    [90_061_001, 'Time: 90061001.000 ms (1 d 01:01:01.001)'],
  ])('%d ms reads %s', (milliseconds, line) => {
    expect(timingLine(milliseconds)).toBe(`${line}\n`);
  });
});
