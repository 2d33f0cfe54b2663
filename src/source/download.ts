import { createHash } from 'node:crypto';
import { DayboardError } from '../project/errors.ts';
import type { SourceObject } from '../project/model.ts';
import { objectFacts, printable, throwIfCancelled, UNCHANGED } from './errors.ts';
import { inParallel } from './parallel.ts';
import type { Part, PartFile } from './part-file.ts';
import { readObject } from './read.ts';
import type { RetryPolicy } from './retry.ts';
import type { Source } from './source.ts';

export interface DownloadParts {
  source: Source;
  object: SourceObject;
  file: PartFile;
  /** Parts that are loaded side by side. */
  parallel: number;
  retry: RetryPolicy;
  onProgress?: ((progress: { bytes: number; totalBytes: number }) => void) | undefined;
}

/** Bytes that are gathered before they are written. */
const WRITE_BYTES = 1024 * 1024;

/** Brings what is missing of an object into a file. What has arrived is in the file even when this fails. */
export async function download(parts: DownloadParts): Promise<void> {
  const { file, parallel, retry } = parts;
  const missing = file.missing();
  report(parts);
  // An empty object has no bytes to ask for, but must be there, and be the one that was listed.
  if (file.place.size === 0) missing.push({ index: 0, from: 0, to: -1 });
  const loaded = inParallel(missing, parallel, async (part, stop) => {
    const signal = retry.signal === undefined ? stop : AbortSignal.any([retry.signal, stop]);
    await downloadPart(parts, part, signal);
  });
  // The parts tell of their progress themselves.
  for await (const _ of loaded) continue;
}

async function downloadPart(parts: DownloadParts, part: Part, signal: AbortSignal): Promise<void> {
  const { source, object, file, retry } = parts;
  const { from, to } = part;
  let chunks: Buffer[] = [];
  let bytes = 0;
  const write = async (): Promise<void> => {
    const ready = chunks;
    chunks = [];
    bytes = 0;
    await file.append(part, ready);
    report(parts);
  };
  try {
    const onOpened = ({ md5 }: { md5?: string }): void => {
      file.md5 = md5;
    };
    for await (const chunk of readObject(source, object, { ...retry, from, to, signal, onOpened })) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= WRITE_BYTES) await write();
    }
  } finally {
    if (bytes > 0) await write();
  }
}

function report({ file, onProgress }: DownloadParts): void {
  onProgress?.({ bytes: file.bytes, totalBytes: file.place.size });
}

/** Compares the bytes on the disk with the MD5 that the source has of them, if it has one. */
export async function verify(
  source: Source,
  object: SourceObject,
  file: PartFile,
  signal?: AbortSignal,
): Promise<void> {
  if (file.md5 === undefined) return;
  const hash = createHash('md5');
  for await (const chunk of file.read()) {
    throwIfCancelled(signal);
    hash.update(chunk);
  }
  const actual = hash.digest('hex');
  if (actual === file.md5) return;
  throw new DayboardError({
    code: 'source.checksum',
    message: `The bytes of ${printable(object.key)} that came are not those that ${source.place} has: the MD5 differs.`,
    facts: { ...objectFacts(source.place, object), expectedMd5: file.md5, actualMd5: actual },
    next: `The download was thrown away. Try again; if it stays, the object is damaged at the source. ${UNCHANGED}`,
  });
}
