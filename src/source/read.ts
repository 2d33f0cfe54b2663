import { toDayboardError } from '../project/errors.ts';
import type { SourceObject } from '../project/model.ts';
import { isTransient } from './errors.ts';
import { pauseOrThrow, type RetryPolicy } from './retry.ts';
import type { Source, SourceBody } from './source.ts';

export interface ReadOptions extends RetryPolicy {
  from?: number;
  /** The last byte, included. */
  to?: number;
  /** Called with each body that is opened. */
  onOpened?: (body: SourceBody) => void;
}

/**
 * The bytes of an object, or of a part of it. A transfer that breaks off is tried again and goes on where it stopped;
 * what comes out is one run of bytes of one version of the object, or a failure.
 */
export async function* readObject(
  source: Source,
  object: SourceObject,
  options: ReadOptions = {},
): AsyncGenerator<Buffer> {
  const { from = 0, to, signal, onOpened } = options;
  let received = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      const body = await source.open(object, {
        ...(from + received === 0 ? {} : { from: from + received }),
        ...(to === undefined ? {} : { to }),
        ...(signal === undefined ? {} : { signal }),
      });
      onOpened?.(body);
      for await (const chunk of body as AsyncIterable<Buffer>) {
        received += chunk.length;
        yield chunk;
      }
      return;
    } catch (thrown) {
      const error = toDayboardError(thrown);
      // The connection may be lost behind the last byte: then there is nothing left to ask for.
      if (received > 0 && from + received > (to ?? object.size - 1) && isTransient(error)) return;
      await pauseOrThrow(error, attempt, options);
    }
  }
}
