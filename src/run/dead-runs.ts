import type { Queryable } from '../ledger/client.ts';
import { endInterruptedRuns } from '../ledger/runs.ts';
import { dropForgotten } from '../load/publish/forget.ts';
import { sweepStaging } from './staging-sweep.ts';

/** Ends the runs whose process is gone, and drops what they left in staging and what no undo can ask for any more. */
export async function tidyAfterDeadRuns(client: Queryable, project: string): Promise<void> {
  await endInterruptedRuns(client, project);
  await sweepStaging(client);
  await dropForgotten(client).catch(() => undefined);
}
