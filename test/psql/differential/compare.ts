import type { TestServer } from '../../support/postgres.ts';
import { type Outcome, outcomeOf, throughDayboard, throughPsql } from './run.ts';
import type { Script } from './scripts.ts';
import { createTwin } from './twin.ts';

/** A script that ended differently, with the parts that differ. */
export interface Mismatch {
  script: string;
  text: string;
  psql: Partial<Outcome>;
  dayboard: Partial<Outcome>;
}

const PARTS = ['stdout', 'stderr', 'code', 'files', 'state'] as const;
/** One works while the other waits for its server. */
const WORKERS = 2;

/** Runs scripts through psql and through dayboard, on twin databases. */
export async function compare(scripts: readonly Script[], server?: TestServer): Promise<Mismatch[]> {
  const queue = [...scripts];
  const found: Mismatch[] = [];
  const work = async (): Promise<void> => {
    await using left = await createTwin(server);
    await using right = await createTwin(server);
    for (let script = queue.shift(); script !== undefined; script = queue.shift()) {
      const [psql, dayboard] = await Promise.all([
        outcomeOf(script, left, throughPsql),
        outcomeOf(script, right, throughDayboard),
      ]);
      const different = PARTS.filter((part) => JSON.stringify(psql[part]) !== JSON.stringify(dayboard[part]));
      if (different.length === 0) continue;
      const pick = (outcome: Outcome): Partial<Outcome> =>
        Object.fromEntries(different.map((part) => [part, outcome[part]]));
      found.push({ script: nameOf(script), text: script.text, psql: pick(psql), dayboard: pick(dayboard) });
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return found;
}

export function nameOf({ feature, name }: Script): string {
  return `${feature}: ${name}`;
}
