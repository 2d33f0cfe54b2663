import type { Conditions } from './conditions.ts';
import type { Scanner } from './scan/scanner.ts';

/** How the reading of a file ended: `quit` ends that file only; `failed` is an error where ON_ERROR_STOP is set. */
export type Ending = 'end' | 'quit' | 'failed';

/** What the loop over a file keeps: the statement so far, the one before it, and its open blocks. */
export interface Reading {
  scanner: Scanner;
  conditions: Conditions;
  /** The statement that was sent last: `\g` without one sends it again. */
  previous: string;
}
