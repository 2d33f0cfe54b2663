import { type Content, footersOf } from './content.ts';
import type { PrintSettings } from './result.ts';

const ESCAPES: Record<string, string> = {
  '#': '\\#',
  $: '\\$',
  '%': '\\%',
  '&': '\\&',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '\\': '\\textbackslash{}',
  '^': '\\^{}',
  _: '\\_',
  '{': '\\{',
  '|': '\\textbar{}',
  '}': '\\}',
  '~': '\\~{}',
  '\n': '\\\\',
};

function escaped(text: string): string {
  return text.replaceAll(/[#$%&<>\\^_{|}~\n]/g, (character) => ESCAPES[character] ?? character);
}

/** The LaTeX format: a tabular environment. */
export function printLatex(content: Content, settings: PrintSettings): string {
  const { border, tuplesOnly } = settings;
  const headers = content.headers.map((header) => `\\textit{${escaped(header)}}`).join(' & ');
  return [
    titleOf(content, settings),
    `\\begin{tabular}{${columnsOf(content.aligns.map(letterOf), border)}}\n`,
    !tuplesOnly && border >= 2 ? '\\hline\n' : '',
    tuplesOnly ? '' : `${headers} \\\\\n\\hline\n`,
    ...filled(content).map(
      (row) => `${row.map(escaped).join(' & ')} \\\\\n${border >= 3 ? '\\hline\n' : ''}`,
    ),
    border === 2 ? '\\hline\n' : '',
    tabularEnd(footersOf(content, settings), settings),
  ].join('');
}

/** LaTeX, expanded: a row of name and value for each field. */
export function printLatexVertical(content: Content, settings: PrintSettings): string {
  const border = Math.min(settings.border, 2);
  const records = filled(content).map((row, record) => {
    const columns = border === 2 ? '|c|' : 'c';
    const label = `\\multicolumn{2}{${columns}}{\\textit{Record ${record + 1}}} \\\\\n`;
    const above = settings.tuplesOnly ? '' : (border === 2 ? '\\hline\n' : '') + label;
    const fields = row.map((cell, at) => `${escaped(content.headers[at] ?? '')} & ${escaped(cell)} \\\\\n`);
    return above + (border >= 1 ? '\\hline\n' : '') + fields.join('');
  });
  return [
    titleOf(content, settings),
    `\\begin{tabular}{${['cl', 'c|l', '|c|l|'][border] ?? ''}}\n`,
    ...records,
    border === 2 ? '\\hline\n' : '',
    tabularEnd(content.footers ?? [], settings),
  ].join('');
}

/** The LaTeX longtable format, which may go over several pages. */
export function printLatexLongtable(content: Content, settings: PrintSettings): string {
  const { border } = settings;
  const rows = filled(content).map((row) => {
    const cells = row.map((cell) => `\\raggedright{${escaped(cell)}}`).join('\n&\n');
    return `${cells} \\tabularnewline\n${border >= 3 ? ' \\hline\n' : ''}`;
  });
  return [
    `\\begin{longtable}{${columnsOf(longtableLetters(content, settings), border)}}\n`,
    settings.tuplesOnly ? '' : longtableHeads(content, settings),
    ...rows,
    '\\end{longtable}\n',
  ].join('');
}

function longtableHeads(content: Content, { border }: PrintSettings): string {
  const names = content.headers.map((header) => `\\small\\textbf{\\textit{${escaped(header)}}}`).join(' & ');
  const head = `${border >= 2 ? '\\toprule\n' : ''}${names} \\\\\n`;
  return [
    `${head}\\midrule\n\\endfirsthead\n`,
    `${head}${border >= 3 ? '' : '\\midrule\n'}\\endhead\n`,
    longtableFeet(content, border),
  ].join('');
}

function longtableFeet({ title }: Content, border: number): string {
  const rule = border === 2 ? '\\bottomrule\n' : '';
  if (title === undefined) {
    return border >= 2 ? '\\bottomrule\n\\endfoot\n\\bottomrule\n\\endlastfoot\n' : '';
  }
  const text = escaped(title);
  const continued = `${rule}\\caption[${text} (Continued)]{${text}}\n\\endfoot\n`;
  return `${continued}${rule}\\caption[${text}]{${text}}\n\\endlastfoot\n`;
}

/** Left columns take their share of the text's width from the table attributes, the last share again and again. */
function longtableLetters({ aligns }: Content, { tableattr }: PrintSettings): string[] {
  const shares = (tableattr ?? '').split(/[ \t\n]+/).filter((share) => share !== '');
  let next = 0;
  return aligns.map((align) => {
    if (align === 'right' || shares.length === 0) return letterOf(align);
    const share = shares[Math.min(next, shares.length - 1)] ?? '';
    next += 1;
    return `p{${share}\\textwidth}`;
  });
}

function letterOf(align: Content['aligns'][number]): string {
  return align === 'right' ? 'r' : 'l';
}

function columnsOf(letters: readonly string[], border: number): string {
  const inner = letters.join(border === 0 ? '' : ' | ');
  return border >= 2 ? `| ${inner} |` : inner;
}

function titleOf({ title }: Content, { tuplesOnly }: PrintSettings): string {
  return tuplesOnly || title === undefined ? '' : `\\begin{center}\n${escaped(title)}\n\\end{center}\n\n`;
}

function tabularEnd(footers: readonly string[], { tuplesOnly }: PrintSettings): string {
  const below = tuplesOnly ? '' : footers.map((footer) => `${escaped(footer)} \\\\\n`).join('');
  return `\\end{tabular}\n\n\\noindent ${below}\n`;
}

/** Rows of a result without columns have nothing to write. */
function filled({ rows }: Content): Content['rows'] {
  return rows.filter((row) => row.length > 0);
}
