import { join } from 'node:path';
import type { Actor } from '../ledger/actor.ts';
import { type DatabaseSettings, databaseSettings } from '../ledger/database-settings.ts';
import type { Environment } from '../project/environment.ts';
import type { Project } from '../project/model.ts';
import { hideSecretsOf } from '../project/redact.ts';
import { openCache } from '../source/cache.ts';
import { createSource } from '../source/create.ts';
import type { Source } from '../source/source.ts';
import { openWorkspace } from './open-workspace.ts';
import { sourceDatabase } from './source-database.ts';
import type { Workspace } from './workspace.ts';

export interface Composition {
  project: Project;
  context: { name: string; readOnly: boolean; production: boolean };
  /** The variables of CONTRACT's Configuration, of the chosen context. */
  env: Environment;
  /** The context says where the database is, whatever variable the definition names for it. */
  databaseOfContext?: boolean;
  actor: Actor;
  /** How dayboard was called, for command lines that are shown to be repeated: 'dayboard --config NAME'. */
  invocation?: string;
  /** The clock: RFC 3339. */
  now: () => string;
  /** What relative paths of the definition start from: the folder of its file. */
  baseDirectory: string;
  /** Where fetched objects are kept; DAYBOARD_CACHE_DIR, else the user's cache folder. */
  cacheDirectory?: string;
}

/** A workspace from a definition and an environment. Nothing is connected to yet; bad settings throw at once. */
export async function composeWorkspace(parts: Composition): Promise<Workspace> {
  hideSecretsOf(parts.env);
  const database = targetSettings(parts);
  const sources = new Map<string, Source>(
    Object.entries(parts.project.sources).map(([name, definition]) => [
      name,
      createSource(definition, parts.env, parts.baseDirectory, (variable) =>
        sourceDatabase(parts.env, variable, parts.context.readOnly),
      ),
    ]),
  );
  const cache = await openCache(parts.cacheDirectory ?? cacheDirectory(parts.env, parts.project.name));
  return openWorkspace({
    project: parts.project,
    context: {
      ...parts.context,
      database: database.display,
      source: [...sources.values()].map((source) => source.place).join(', '),
    },
    database,
    sources,
    cache,
    actor: parts.actor,
    environment: parts.env,
    invocation: parts.invocation ?? 'dayboard',
    now: parts.now,
    baseDirectory: parts.baseDirectory,
  });
}

/** The variable that the definition names counts where it is set, unless the context names the database. */
function targetSettings({ project, env, databaseOfContext = false }: Composition): DatabaseSettings {
  const { urlVariable } = project;
  return urlVariable !== undefined && env[urlVariable] && !databaseOfContext
    ? databaseSettings(env, urlVariable)
    : databaseSettings(env);
}

function cacheDirectory(env: Environment, project: string): string {
  if (env['DAYBOARD_CACHE_DIR']) return env['DAYBOARD_CACHE_DIR'];
  const home = env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? '/var/tmp', '.cache');
  return join(home, 'dayboard', project);
}
