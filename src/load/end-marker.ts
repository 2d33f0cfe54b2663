import { DayboardError } from '../project/errors.ts';

/** The first version of PostgreSQL (server_version_num) that takes `\.` in CSV for data. */
export const END_MARKER_IS_DATA_SINCE = 180_000;

const MARKER = Buffer.from('\\.');
const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
/** A marker and the line ends around it are four bytes: three may have gone by before it is whole. */
const TAIL = 3;

/** What was counted from the beginning of the file to some place in it. */
interface Place {
  lf: number;
  cr: number;
  quotes: number;
}

/**
 * Passes a file's bytes on, and refuses a line that holds only `\.`: before version 18, PostgreSQL takes it for the end
 * of the data, even in CSV, and drops the rest of the file without an error. Inside quotes it is data.
 *
 * Costs one search per chunk. Lines and quotes are counted only once there is something to decide; `reopen` then gives
 * the same bytes once more, to count from the beginning. Throws 'load.end-marker' with the line.
 */
export async function* refuseEndMarker(
  chunks: AsyncIterable<Buffer>,
  reopen: () => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void> {
  let tail: Buffer = Buffer.alloc(0);
  let tailAt = 0;
  let place: Place | undefined;
  for await (const chunk of chunks) {
    const suspect =
      markers(chunk).length > 0 || markers(Buffer.concat([tail, chunk.subarray(0, TAIL)])).length > 0;
    if (suspect) place ??= await placeAt(reopen(), tailAt);
    const held = tail.length + chunk.length;
    const keep = Math.min(TAIL, held);
    if (place === undefined) {
      tail = chunk.length >= keep ? chunk.subarray(-keep) : Buffer.concat([tail, chunk]).subarray(-keep);
    } else {
      const whole = Buffer.concat([tail, chunk]);
      refuseUnquoted(whole, markers(whole), place);
      place = countTo(whole, held - keep, place);
      tail = whole.subarray(-keep);
    }
    tailAt += held - keep;
    yield chunk;
  }
  if (/[\r\n]\\\.$/.test(tail.toString('latin1'))) {
    refuseUnquoted(tail, [1], place ?? (await placeAt(reopen(), tailAt)));
  }
}

/** Offsets of `\.` with a line end on both sides. */
function markers(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(MARKER); at >= 0; at = bytes.indexOf(MARKER, at + MARKER.length)) {
    if (at > 0 && isLineEnd(bytes[at - 1]) && isLineEnd(bytes[at + MARKER.length])) found.push(at);
  }
  return found;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LF || byte === CR;
}

function refuseUnquoted(bytes: Buffer, at: readonly number[], place: Place): void {
  for (const offset of at) {
    const there = countTo(bytes, offset, place);
    if (there.quotes % 2 === 0) throw endMarker(1 + (there.lf > 0 ? there.lf : there.cr));
  }
}

async function placeAt(chunks: AsyncIterable<Buffer>, offset: number): Promise<Place> {
  let place: Place = { lf: 0, cr: 0, quotes: 0 };
  let left = offset;
  if (left === 0) return place;
  for await (const chunk of chunks) {
    place = countTo(chunk, Math.min(left, chunk.length), place);
    left -= chunk.length;
    if (left <= 0) break;
  }
  return place;
}

function countTo(bytes: Buffer, end: number, from: Place): Place {
  let { lf, cr, quotes } = from;
  for (let at = 0; at < end; at++) {
    const byte = bytes[at];
    if (byte === LF) lf++;
    else if (byte === CR) cr++;
    else if (byte === QUOTE) quotes++;
  }
  return { lf, cr, quotes };
}

function endMarker(line: number): DayboardError {
  return new DayboardError({
    code: 'load.end-marker',
    message: `Line ${line} holds only \\. and nothing else: this PostgreSQL, older than 18, would take it for the end of the data and drop all that follows.`,
    facts: { line },
    next: 'Nothing was loaded, and what was published before is untouched. Have the object delivered without that line (a value that is really \\. belongs in quotes).',
  });
}
