import { loadConfig } from '../project/load-config.ts';
import { systems } from '../systems/index.ts';
import type { Workspace } from '../run/workspace.ts';
import { type ChosenContext, chooseContext, contextEnvironment, ContextStore } from './contexts.ts';
import { invocationOf } from './invocation.ts';
import type { Io } from './io.ts';

/** The options that every command takes. */
export interface Globals {
  context?: string;
  config?: string;
  color?: boolean;
  ascii?: boolean;
  screenReader?: boolean;
  mouse?: boolean;
}

/** A project in a context, opened for one command. */
export interface Session {
  workspace: Workspace;
  context: ChosenContext;
}

/** The context that the flag or the environment names; undefined when neither does. */
export function wantedContext(io: Pick<Io, 'env'>, globals: Globals): string | undefined {
  return globals.context ?? (io.env.DAYBOARD_CONTEXT || undefined);
}

/** Finds context, definition and environment, and opens them. Nothing is connected to yet. */
export async function openSession(io: Io, globals: Globals, remembered?: string): Promise<Session> {
  const context = chooseContext(wantedContext(io, globals) ?? remembered, () => new ContextStore());
  const env = contextEnvironment(context, io.env);
  const config = await loadConfig({
    directory: io.cwd,
    systems,
    ...(globals.config === undefined ? {} : { config: globals.config }),
  });
  const project = config.definition.resolve(env);
  const { composeWorkspace } = await import('../run/compose.ts');
  const workspace = await composeWorkspace({
    project,
    context: { name: context.name, readOnly: context.readOnly, production: context.production },
    env,
    databaseOfContext: context.databaseUrlVariable !== undefined,
    actor: io.actor,
    invocation: invocationOf(globals),
    now: io.now,
    baseDirectory: config.baseDirectory,
  });
  return { workspace, context };
}
