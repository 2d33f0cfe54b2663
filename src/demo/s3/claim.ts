import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DayboardError } from '../../project/errors.ts';
import { type Incoming, isMissing, readJson } from './files.ts';

/** The answer header that tells one running server from another. */
export const INSTANCE_HEADER = 'x-amz-id-2';

/** Which server serves a directory. */
interface Claim {
  endpoint: string;
  instance: string;
}

const ANSWER_MS = 2000;

/**
 * The endpoint of the server that serves this directory now; undefined when none does. It is asked, so what a
 * killed server left behind, or another program on its port, is not taken for it.
 */
export async function runningS3Server(directory: string): Promise<string | undefined> {
  let claim: Claim;
  try {
    claim = await readJson<Claim>(claimPath(directory));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const answer = await fetch(claim.endpoint, { signal: AbortSignal.timeout(ANSWER_MS) });
    await answer.body?.cancel();
    return answer.headers.get(INSTANCE_HEADER) === claim.instance ? claim.endpoint : undefined;
  } catch {
    return undefined;
  }
}

/** Fails with 'demo.s3-in-use' (refused) when a server serves the directory: two would lose each other's writes. */
export async function refuseIfServed(directory: string): Promise<void> {
  const endpoint = await runningS3Server(directory);
  if (endpoint === undefined) return;
  throw new DayboardError({
    code: 'demo.s3-in-use',
    kind: 'refused',
    message: `Another S3 server already serves ${directory}, at ${endpoint}.`,
    facts: { directory, endpoint },
    next: 'Nothing was changed. Stop the other dayboard demo first, or choose another directory.',
  });
}

export function writeClaim(directory: string, incoming: Incoming, claim: Claim): Promise<void> {
  return incoming.writeJson(claimPath(directory), claim);
}

export function removeClaim(directory: string): Promise<void> {
  return rm(claimPath(directory), { force: true });
}

function claimPath(directory: string): string {
  return join(directory, 'server.json');
}
