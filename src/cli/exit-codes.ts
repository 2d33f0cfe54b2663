import type { DayboardError, ErrorKind } from '../project/errors.ts';
import { EXIT } from '../run/outcome.ts';

export { EXIT };

const BY_KIND: Record<ErrorKind, number> = {
  failed: EXIT.failed,
  usage: EXIT.usage,
  stale: EXIT.stale,
  refused: EXIT.refused,
  interrupted: EXIT.interrupted,
};

/** How the process ends for an error that kept a command from doing anything (CONTRACT: exit codes). */
export function exitCodeOf(error: DayboardError): number {
  return BY_KIND[error.kind];
}
