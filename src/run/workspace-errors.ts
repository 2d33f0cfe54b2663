import { DayboardError } from '../project/errors.ts';
import type { ContextInfo } from './workspace.ts';

/** Something was to be written where nothing may be. */
export function readOnly(context: ContextInfo): DayboardError {
  return new DayboardError({
    code: 'context.read-only',
    kind: 'refused',
    message: `The context "${context.name}" is read-only.`,
    facts: { context: context.name },
    next: 'Choose a context that may write with --context.',
  });
}

/** What an adoption compares with could not be computed. */
export function notComputed(run: string, state: string): DayboardError {
  return new DayboardError({
    code: 'adopt.uncomputed',
    message: `Run ${run}, which computes the rollup to compare with, ended as ${state}. Nothing was replaced.`,
    facts: { run, state },
    next: `\`dayboard runs show ${run}\` says why.`,
  });
}

export function unknownRun(id: string): DayboardError {
  return new DayboardError({
    code: 'usage.run',
    kind: 'usage',
    message: `There is no run ${id}.`,
    facts: { run: id },
    next: '`dayboard runs` lists them.',
  });
}
