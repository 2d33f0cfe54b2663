import type pg from 'pg';
import type { CleanupPlan } from '../plan/cleanup.ts';
import type { CopyPlan } from '../plan/copy.ts';
import type { PlanRequest } from '../plan/plan.ts';
import { foreseeCleanup } from './cleanup.ts';
import { type CopyParts, foreseeCopies } from './copy.ts';

/** What a plan is made from besides the ledger: what sources say of what would be deleted or copied there. */
export interface Foreseen {
  cleanups?: CleanupPlan[];
  copies?: CopyPlan[];
}

/** Asks the databases that a request is about; nothing for those that the ledger alone answers. */
export async function foresee(
  parts: Omit<CopyParts, 'signal'>,
  reader: () => Promise<pg.Pool>,
  { command, names }: PlanRequest,
): Promise<Foreseen> {
  const { signal } = new AbortController();
  if (command === 'copy') return { copies: await foreseeCopies({ ...parts, signal }, names) };
  if (command !== 'cleanup') return {};
  const client = await (await reader()).connect();
  try {
    return { cleanups: await foreseeCleanup({ ...parts, signal }, client, names) };
  } finally {
    client.release();
  }
}
