import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Writes a file of so many megabytes: the rows of a day again and again, under one header. Returns its name. */
export async function repeated(file: string, day: Buffer, megabytes: number): Promise<string> {
  const header = day.indexOf('\n') + 1;
  const rows = day.subarray(header);
  const times = Math.max(1, Math.round((megabytes * 1e6) / rows.length));
  const pieces = function* () {
    yield day.subarray(0, header);
    for (let time = 0; time < times; time += 1) yield rows;
  };
  await pipeline(Readable.from(pieces()), createWriteStream(file));
  return file;
}
