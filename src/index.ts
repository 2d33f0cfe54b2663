/** What a dayboard.config.ts imports from 'dayboard'. */
export { defineProject, type ProjectDefinition } from './project/define.ts';
export { dayOf, deliveryDay, firstMatch, lookup, sqlValue } from './project/enrichments.ts';
export type { Environment } from './project/environment.ts';
export {
  DayboardError,
  type ErrorFacts,
  type ErrorKind,
  type ErrorParts,
  type ErrorValue,
} from './project/errors.ts';
export type * from './project/input.ts';
export type * from './project/model.ts';
