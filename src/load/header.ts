import type { Dataset } from '../project/model.ts';
import { firstRecordEnd, recordFields } from './csv-record.ts';
import { notCsv } from './error-body.ts';
import { emptyFile, endlessHeader, headerError, notUtf8 } from './header-error.ts';

/** A header longer than this is none, and a document in its place is read so far. */
const LONGEST_HEADER = 256 * 1024;
const LONGEST_DOCUMENT = 8 * 1024;

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Passes a file's bytes on as they are, without a byte order mark, once its first record is the dataset's header:
 * the names of `dataset.file` in that order, exactly. Holds the header at most; what comes after is not looked at.
 *
 * @param mayBeEmpty a file without any bytes is passed on as one without rows
 * @throws before any byte went on: 'load.header' (which columns are missing, extra or in another order), 'load.not-csv'
 * (an XML or HTML body, with what it says), 'load.empty' (no bytes), 'load.encoding' (UTF-16).
 */
export async function* checkHeader(
  chunks: AsyncIterable<Buffer>,
  file: Dataset['file'],
  mayBeEmpty = false,
): AsyncGenerator<Buffer, void> {
  const expected = file.map(({ header }) => header);
  let held: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (held === undefined) {
      yield chunk;
      continue;
    }
    held = Buffer.concat([held, chunk]);
    const end = headerEnd(held);
    if (end === undefined) continue;
    compare(expected, held.subarray(0, end));
    yield withoutBom(held);
    held = undefined;
  }
  // The whole file is one record without a line end, or a document.
  if (held === undefined) return;
  if (withoutBom(held).length === 0) {
    if (mayBeEmpty) return;
    throw emptyFile();
  }
  refuseDocument(held);
  compare(expected, held);
  yield withoutBom(held);
}

/** Where the header ends when that can be said. Throws when there will be none. */
function headerEnd(bytes: Buffer): number | undefined {
  if (isDocument(bytes)) {
    if (bytes.length >= LONGEST_DOCUMENT) refuseDocument(bytes);
    return undefined;
  }
  const end = firstRecordEnd(bytes);
  if (end === undefined && bytes.length > LONGEST_HEADER)
    throw endlessHeader(LONGEST_HEADER, text(bytes.subarray(0, 400)));
  return end;
}

function refuseDocument(bytes: Buffer): void {
  if (isDocument(bytes)) throw notCsv(text(bytes.subarray(0, LONGEST_DOCUMENT)));
}

function isDocument(bytes: Buffer): boolean {
  return /^\s*</.test(text(bytes.subarray(0, 64)));
}

function compare(expected: readonly string[], record: Buffer): void {
  if ((record[0] === 0xff && record[1] === 0xfe) || (record[0] === 0xfe && record[1] === 0xff))
    throw notUtf8();
  const found = recordFields(text(record));
  if (found.length !== expected.length || found.some((name, at) => name !== expected[at])) {
    throw headerError(expected, found);
  }
}

function text(bytes: Buffer): string {
  return withoutBom(bytes).toString('utf8');
}

function withoutBom(bytes: Buffer): Buffer {
  return bytes.subarray(0, 3).equals(BOM) ? bytes.subarray(3) : bytes;
}
