/** A script of the corpus that psql and dayboard end differently, on purpose. */
export interface Difference {
  /** `feature: name`. */
  script: string;
  reason: string;
  /** They agree on servers before 18, where it is compared when the machine has one. */
  sameBefore18?: boolean;
}

const END_OF_CSV =
  'psql before 18 sends the line \\. along with the data of CSV, and servers from 18 on take it for a row; dayboard ends the data there, as psql 18 does';

export const DIFFERENCES: readonly Difference[] = [
  { script: 'copy-stdin: csv', reason: END_OF_CSV, sameBefore18: true },
  { script: 'copy-stdin: csv with a header', reason: END_OF_CSV, sameBefore18: true },
  { script: 'copy-stdin: carriage returns in csv fields', reason: END_OF_CSV, sameBefore18: true },
  {
    script: 'set: fetch_count parts the widths',
    reason:
      'psql fetches FETCH_COUNT rows at a time and aligns each lot for itself; dayboard shows one table',
  },
];
