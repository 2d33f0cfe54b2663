import { type Database } from '../ledger/connection.ts';
import { libpqVariables } from '../ledger/database-settings.ts';
import { databaseError } from '../ledger/errors.ts';
import { type CopyOptions, type CopyReport, copySchema, planCopy } from '../load/schema-copy/copy-schema.ts';
import type { CopyPlan } from '../plan/copy.ts';
import { DayboardError } from '../project/errors.ts';
import type { Environment } from '../project/environment.ts';
import type { Project, SchemaCopy } from '../project/model.ts';
import { didYouMean } from '../project/nearest.ts';
import type { Source } from '../source/source.ts';

export interface CopyParts {
  project: Project;
  database: Database;
  sources: ReadonlyMap<string, Source>;
  /** Our environment: where programs are found. */
  environment: Environment;
  signal: AbortSignal;
}

/** What these copies would do: all that are switched on when none is named. @throws what stands in the way of one */
export async function foreseeCopies(parts: CopyParts, names: readonly string[]): Promise<CopyPlan[]> {
  const plans: CopyPlan[] = [];
  for (const copy of wantedCopies(parts.project, names)) plans.push(await withEnds(parts, copy, planCopy));
  return plans;
}

/** Makes a copy. @throws what copySchema throws */
export function performCopy(
  parts: CopyParts,
  name: string,
  onPhase: (phase: string) => void,
): Promise<CopyReport> {
  const [copy] = wantedCopies(parts.project, [name]);
  return withEnds(parts, copy as SchemaCopy, (options) => copySchema(options, onPhase));
}

/** 'usage.name' for what there is not, 'copy.off' (refused) for what is named and switched off. */
function wantedCopies({ copies = [] }: Project, names: readonly string[]): SchemaCopy[] {
  if (names.length === 0) return copies.filter(({ off }) => off === undefined);
  return names.map((name) => {
    const found = copies.find((copy) => copy.name === name);
    if (found === undefined) {
      const known = copies.map((copy) => copy.name);
      throw new DayboardError({
        code: 'usage.name',
        kind: 'usage',
        message: `There is no copy "${name}".${didYouMean(name, known)}`,
        facts: { name },
        next: known.length === 0 ? 'This project has none.' : `There are: ${known.join(', ')}.`,
      });
    }
    if (found.off === undefined) return found;
    throw new DayboardError({
      code: 'copy.off',
      kind: 'refused',
      message: `The copy ${name} is switched off: ${found.off}. Nothing was changed.`,
      facts: { copy: name },
      next: 'Switch it on in the definition first.',
    });
  });
}

async function withEnds<T>(
  { database, sources, environment, signal }: CopyParts,
  copy: SchemaCopy,
  work: (options: CopyOptions) => Promise<T>,
): Promise<T> {
  const from = sources.get(copy.source)?.database;
  if (from === undefined)
    throw new DayboardError({
      code: 'source.not-configured',
      kind: 'usage',
      message: `The source "${copy.source}" of the copy ${copy.name} is not configured.`,
      facts: { copy: copy.name, source: copy.source },
      next: 'Set the variable that holds its URL; `dayboard doctor` names it. Nothing was changed.',
    });
  const source = await from.connect('copy');
  try {
    const target = await database.connect('copy');
    try {
      return await work({
        copy,
        source,
        from: from.display,
        target,
        into: database.settings.display,
        environment,
        sourceVariables: from.variables(),
        targetVariables: libpqVariables(database.settings),
        signal,
      });
    } finally {
      await target.end().catch(() => undefined);
    }
  } catch (thrown) {
    throw databaseError(thrown, { copy: copy.name });
  } finally {
    await source.end().catch(() => undefined);
  }
}
