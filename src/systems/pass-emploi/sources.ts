import type { SourceDefinition } from '../../project/model.ts';
import { SOURCE, SOURCE_URL } from './settings.ts';

/** The database of the application, whose table of events keeps about a week. */
export const sources: Record<string, SourceDefinition> = {
  [SOURCE]: { kind: 'postgres', urlVariable: SOURCE_URL },
};
