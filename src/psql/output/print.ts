import { printAsciidoc, printAsciidocVertical } from './asciidoc.ts';
import { printAligned } from './aligned.ts';
import { type Content, contentOf } from './content.ts';
import { printCsv, printCsvVertical } from './csv.ts';
import { printHtml, printHtmlVertical } from './html.ts';
import { printLatex, printLatexLongtable, printLatexVertical } from './latex.ts';
import type { PrintSettings, ResultTable } from './result.ts';
import { printTroff, printTroffVertical } from './troff.ts';
import { printUnaligned, printUnalignedVertical } from './unaligned.ts';
import { printVertical } from './vertical.ts';

/**
 * A result as psql 15 and newer print it to something that is no terminal, byte for byte, with the empty line that
 * ends the aligned formats.
 */
export function printTable(table: ResultTable, settings: PrintSettings): string {
  return printContent(contentOf(table, settings), settings);
}

/** The same for a table that is texts already (describe, crosstabview). */
export function printContent(content: Content, settings: PrintSettings): string {
  const vertical = settings.expanded === true;
  switch (settings.format) {
    case 'aligned':
    case 'wrapped':
      return vertical ? printVertical(content, settings) : printAligned(content, settings);
    case 'unaligned':
      return vertical ? printUnalignedVertical(content, settings) : printUnaligned(content, settings);
    case 'csv':
      return vertical ? printCsvVertical(content, settings) : printCsv(content, settings);
    case 'html':
      return vertical ? printHtmlVertical(content, settings) : printHtml(content, settings);
    case 'asciidoc':
      return vertical ? printAsciidocVertical(content, settings) : printAsciidoc(content, settings);
    case 'latex':
      return vertical ? printLatexVertical(content, settings) : printLatex(content, settings);
    case 'latex-longtable':
      return vertical ? printLatexVertical(content, settings) : printLatexLongtable(content, settings);
    case 'troff-ms':
      return vertical ? printTroffVertical(content, settings) : printTroff(content, settings);
  }
}
