import { resolve } from 'node:path';
import { DayboardError } from '../project/errors.ts';
import type { Environment } from '../project/environment.ts';
import type { SourceDefinition } from '../project/model.ts';
import { directorySource } from './directory.ts';
import { postgresSource, type SourceDatabase } from './postgres.ts';
import { s3Source } from './s3.ts';
import { s3ConfigFrom } from './s3-config.ts';
import type { Source } from './source.ts';

/**
 * The source of a definition, in an environment. Relative directories start from `baseDirectory`. Settings that are
 * missing or cannot be make every use of the source fail, not this: the board can be read without a source.
 */
export function createSource(
  definition: SourceDefinition,
  env: Environment,
  baseDirectory: string,
  openDatabase: OpenDatabase,
): Source {
  if (definition.kind === 'directory') return directorySource(resolve(baseDirectory, definition.path));
  try {
    return definition.kind === 'postgres'
      ? postgresSource(openDatabase(definition.urlVariable))
      : s3Source(s3ConfigFrom(definition, env));
  } catch (thrown) {
    if (thrown instanceof DayboardError)
      return unusable(`${definition.kind === 's3' ? 'S3' : definition.urlVariable} (not configured)`, thrown);
    throw thrown;
  }
}

/** The database whose URL a variable holds. @throws DayboardError of kind 'usage' when the variable is not set */
export type OpenDatabase = (urlVariable: string) => SourceDatabase;

function unusable(place: string, error: DayboardError): Source {
  return {
    place,
    // oxlint-disable-next-line eslint/require-yield
    list: async function* () {
      throw error;
    },
    open: () => Promise.reject(error),
    probe: () => Promise.reject(error),
    close: () => undefined,
  };
}
