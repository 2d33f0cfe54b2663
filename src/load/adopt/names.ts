import { shortName } from '../../ledger/short-name.ts';
import type { Dataset, RelationName } from '../../project/model.ts';

/** What the original is called from the switch until it is dropped, and what its indexes are. */
export function beforeName(name: string): string {
  return shortName(name, '_before_dayboard');
}

/** What the new table is called until the switch, and what its indexes are. */
export function newName(name: string): string {
  return shortName(name, '_dayboard_new');
}

/** What an adoption makes beside the two tables. All of it is gone when it has ended. */
export interface WorkNames {
  /** The original's rows with their delivery. */
  rows: RelationName;
  /** What writers changed in the original since the copying began. */
  log: RelationName;
  /** What is being applied of it. Empty between transactions. */
  net: RelationName;
  /** The function of the triggers that write the log. */
  capture: RelationName;
  /** The function that applies the log. */
  apply: RelationName;
}

export function workNames(project: string, dataset: Dataset): WorkNames {
  const of = (end: string) => ({
    schema: 'dayboard',
    name: shortName(`adopt_${project}_${dataset.name}`.replaceAll('-', '_'), end),
  });
  return {
    rows: of('_rows'),
    log: of('_log'),
    net: of('_net'),
    capture: of('_capture'),
    apply: of('_apply'),
  };
}

/** The triggers on the original, by what they hear. */
export const TRIGGERS = {
  insert: 'dayboard_adopt_insert',
  update: 'dayboard_adopt_update',
  delete: 'dayboard_adopt_delete',
  truncate: 'dayboard_adopt_truncate',
} as const;
