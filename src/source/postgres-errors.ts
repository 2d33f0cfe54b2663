import { DayboardError } from '../project/errors.ts';
import type { Dataset, Period } from '../project/model.ts';
import { UNCHANGED } from './errors.ts';

/**
 * A failure of the source's database under a code 'source.…'. What its texts say about DATABASE_URL holds for the
 * variable that has the source's URL.
 */
export function asSourceError(error: DayboardError, variable: string, place: string): DayboardError {
  if (!error.code.startsWith('database.')) return error;
  return new DayboardError({
    code: error.code.replace(/^database\./, 'source.'),
    kind: error.kind,
    message: `The source ${place}: ${error.message}`,
    facts: { ...error.facts, place },
    next: `${(error.next ?? '').replace(/DATABASE_URL \(or PGUSER, PGPASSWORD, \.pgpass\)|DATABASE_URL/g, variable)} ${UNCHANGED}`,
    cause: error,
  });
}

/** What the source announced, sent and the target took must be the same number of rows. */
export function countsDiffer(
  dataset: Dataset,
  period: Period,
  counts: { announced: number; copied: number; staged: number },
): DayboardError {
  const { announced, copied, staged } = counts;
  return new DayboardError({
    code: 'load.count',
    message: `${dataset.name} ${period}: the source counted ${announced} rows, sent ${copied}, and ${staged} arrived in staging. They must be the same.`,
    facts: { dataset: dataset.name, period, announced, copied, staged },
    next: `Nothing was published. ${UNCHANGED} Load it again; if it happens again, the source's relation gives other rows each time it is asked.`,
  });
}
