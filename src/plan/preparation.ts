/** What making sure of a project's tables does, or has done. */
export interface Preparation {
  schema: 'dayboard.preparation/1';
  project: string;
  /** False when it was only looked at. */
  done: boolean;
  /** Statements that create or change something, by the dataset or aggregate that needs them. */
  changes: Array<{ name: string; statement: string }>;
}
