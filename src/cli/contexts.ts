import Conf from 'conf';
import { z } from 'zod';
import { DayboardError } from '../project/errors.ts';
import { didYouMean } from '../project/nearest.ts';
import type { Environment } from '../project/environment.ts';

/** The context that the environment alone makes. */
export const DEFAULT_CONTEXT = 'default';

const variableName = z.string().regex(/^[A-Za-z_]\w*$/, 'name a variable, not its value');

const contextSchema = z.strictObject({
  /** The server enforces it, and nothing may be written. */
  readOnly: z.boolean().default(false),
  /** Writes ask for the context's name to be typed. */
  production: z.boolean().default(false),
  /** Name of the variable that holds the database's URL; DATABASE_URL when absent. Never the URL itself. */
  databaseUrlVariable: z
    .string()
    .regex(/^[A-Za-z_]\w*$/, 'name the variable that holds the URL, not the URL')
    .optional(),
  /** What stands before S3_BUCKET_NAME and the other S3_ variables: 'PROD_' for PROD_S3_BUCKET_NAME. */
  s3Prefix: z
    .string()
    .regex(/^[A-Za-z_]\w*$/)
    .optional(),
  /** Variables of the definition, a source database's URL say, and the names of those that hold them in this context. */
  variables: z.record(variableName, variableName).optional(),
});

const fileSchema = z.object({
  contexts: z.record(z.string(), contextSchema).default({}),
  lastContext: z.string().optional(),
  /** The console in lines of text for a screen reader; its mouse. As the flags of these names. */
  screenReader: z.boolean().default(false),
  mouse: z.boolean().default(false),
});

/** A named place to run a project, as the user's file has it. No secrets in here. */
export type ContextDefinition = z.infer<typeof contextSchema>;

export interface ChosenContext extends ContextDefinition {
  name: string;
}

const FROM_ENVIRONMENT: ChosenContext = { name: DEFAULT_CONTEXT, readOnly: false, production: false };

/** The contexts of the user's configuration directory. */
export class ContextStore {
  readonly path: string;
  private readonly conf: Conf<Record<string, unknown>>;
  private readonly content: z.infer<typeof fileSchema>;

  /**
   * @param directory instead of the user's own
   * @throws 'config.contexts' when the file cannot be read or does not say what it should
   */
  constructor(directory?: string) {
    try {
      this.conf = new Conf({
        projectName: 'dayboard',
        projectSuffix: '',
        ...(directory === undefined ? {} : { cwd: directory }),
      });
      this.path = this.conf.path;
      this.content = fileSchema.parse(this.conf.store);
    } catch (thrown) {
      throw unreadable(thrown);
    }
  }

  /** @throws 'usage.context' when there is none of that name */
  choose(name: string): ChosenContext {
    if (name === DEFAULT_CONTEXT) return FROM_ENVIRONMENT;
    const found = this.content.contexts[name];
    if (found !== undefined) return { ...found, name };
    const known = this.names;
    throw new DayboardError({
      code: 'usage.context',
      kind: 'usage',
      message: `There is no context "${name}".${didYouMean(name, known)}`,
      facts: { context: name, file: this.path },
      next: `There are: ${known.join(', ')}. Add one under "contexts" in ${this.path}.`,
    });
  }

  /** The default context and those of the file. */
  get names(): string[] {
    return [DEFAULT_CONTEXT, ...Object.keys(this.content.contexts)];
  }

  /** How the user wants the console, besides what flags and environment ask for. */
  get wishes(): { screenReader: boolean; mouse: boolean } {
    const { screenReader, mouse } = this.content;
    return { screenReader, mouse };
  }

  /** The context that the console showed last, when it is still there. */
  get last(): string | undefined {
    const { lastContext, contexts } = this.content;
    return lastContext !== undefined && lastContext in contexts ? lastContext : undefined;
  }

  /** What cannot be remembered (a read-only home) is no reason to stop. */
  remember(name: string): void {
    try {
      this.conf.set('lastContext', name);
    } catch {
      // The next start shows the default context.
    }
  }
}

function unreadable(thrown: unknown): DayboardError {
  const problem =
    thrown instanceof z.ZodError
      ? thrown.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
      : thrown instanceof Error
        ? thrown.message
        : String(thrown);
  return new DayboardError({
    code: 'config.contexts',
    kind: 'usage',
    message: `The file of contexts cannot be used: ${problem}.`,
    next: "Correct config.json in the user's configuration directory (~/.config/dayboard on Linux).",
    cause: thrown,
  });
}

/** The variables that a project sees in a context. Those of other contexts never mix in. */
export function contextEnvironment(context: ChosenContext, env: Environment): Environment {
  const seen: Record<string, string | undefined> = { ...env };
  if (context.databaseUrlVariable !== undefined) {
    const url = env[context.databaseUrlVariable];
    if (!url) throw unset(context, context.databaseUrlVariable, "its database's URL");
    seen.DATABASE_URL = url;
  }
  for (const [name, from] of Object.entries(context.variables ?? {})) {
    const value = env[from];
    if (!value) throw unset(context, from, name);
    seen[name] = value;
  }
  if (context.s3Prefix !== undefined) {
    for (const name of Object.keys(seen).filter((each) => each.startsWith('S3_'))) delete seen[name];
    const prefix = `${context.s3Prefix}S3_`;
    for (const [name, value] of Object.entries(env)) {
      if (name.startsWith(prefix)) seen[name.slice(context.s3Prefix.length)] = value;
    }
  }
  return seen;
}

function unset(context: ChosenContext, variable: string, what: string): DayboardError {
  return new DayboardError({
    code: 'config.context-variable',
    kind: 'usage',
    message: `${variable} is not set; the context "${context.name}" has ${what} there.`,
    facts: { context: context.name, variable },
    next: `Set ${variable}: a database's URL is postgres://user:password@host:5432/database.`,
  });
}

/** The context of --context or DAYBOARD_CONTEXT, else the environment's own. Its file is only read when it is needed. */
export function chooseContext(wanted: string | undefined, openStore: () => ContextStore): ChosenContext {
  return wanted === undefined || wanted === DEFAULT_CONTEXT ? FROM_ENVIRONMENT : openStore().choose(wanted);
}
