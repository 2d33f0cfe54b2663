import { DayboardError, type ErrorFacts } from '../project/errors.ts';
import { excerpt } from './excerpt.ts';

const LONGEST_MESSAGE = 200;

/**
 * What an XML or HTML document in place of a CSV file says: the Code and Message of an S3 error, the title of a page.
 * Code 'load.not-csv'.
 */
export function notCsv(document: string): DayboardError {
  const code = inside(document, 'Code');
  const message = inside(document, 'Message');
  const title = inside(document, 'title');
  const facts: ErrorFacts = { bodyCode: code, bodyMessage: message, bodyTitle: title };
  const says = code ?? title;
  const what =
    code !== undefined
      ? `an error of the object store: ${[code, message].filter((each) => each !== undefined).join(': ')}`
      : `an XML or HTML document${says === undefined ? '' : ` ("${says}")`}`;
  return new DayboardError({
    code: 'load.not-csv',
    message: `The object is no CSV file but ${what.replace(/\.$/, '')}.`,
    facts,
    next: 'Nothing was loaded, and what was published before is untouched. Whoever delivers it has saved the answer to a failed request: have the object delivered again.',
  });
}

function inside(document: string, element: string): string | undefined {
  const found = new RegExp(`<${element}(?:\\s[^>]*)?>([^<]*)`, 'i').exec(document)?.[1];
  const text = found === undefined ? '' : excerpt(found, LONGEST_MESSAGE);
  return text === '' ? undefined : text;
}
