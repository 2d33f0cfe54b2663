import type { StepKind } from '../../plan/plan.ts';
import type { StepWork } from '../run-context.ts';
import { aggregateStep } from './aggregate.ts';
import { checkStep } from './check.ts';
import { rollupStep, viewStep } from './derived.ts';
import { cleanupStep } from './cleanup.ts';
import { copyStep } from './copy.ts';
import { diffStep } from './diff.ts';
import { fetchStep } from './fetch.ts';
import { followStep } from './follow.ts';
import { loadStep } from './load.ts';
import { publishStep } from './publish.ts';
import { taskStep } from './task.ts';
import { undoStep } from './undo.ts';

/** What each kind of step does. */
export const STEP_WORK: Record<StepKind, StepWork> = {
  fetch: fetchStep,
  load: loadStep,
  publish: publishStep,
  undo: undoStep,
  diff: diffStep,
  rollup: rollupStep,
  view: viewStep,
  aggregate: aggregateStep,
  check: checkStep,
  cleanup: cleanupStep,
  copy: copyStep,
  follow: followStep,
  adopt: taskStep,
  script: taskStep,
};
