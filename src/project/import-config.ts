import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type ProjectDefinition, isProjectDefinition } from './define.ts';
import { DayboardError } from './errors.ts';

/** This copy of dayboard's public entry: beside the chunk that this is bundled into, or above this folder in src/. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? '../index.ts' : './index.js', import.meta.url).href;

/**
 * Runs a config file and takes its default export. TypeScript needs no build: Node strips the types. `dayboard`
 * is this very dayboard, whatever the file's folder has installed, or nothing.
 * @param file an absolute path
 * @throws DayboardError 'config.syntax' when it cannot be read as a module, 'config.invalid' when running it fails or
 *   it exports no definition
 */
export async function importConfig(file: string): Promise<ProjectDefinition> {
  const url = pathToFileURL(file).href;
  const exported = await run(url, file);
  if (isProjectDefinition(exported['default'])) return asOurs(exported['default']);
  throw new DayboardError({
    code: 'config.invalid',
    kind: 'usage',
    message: `${file} does not export a project definition.`,
    facts: { file },
    next: 'Write: export default defineProject({ … }), with defineProject from "dayboard".',
  });
}

async function run(url: string, file: string): Promise<Record<string, unknown>> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'dayboard' ? { url: ENTRY, shortCircuit: true } : next(specifier, context),
    // The nearest package.json need not know that a config, and what it imports, are ES modules.
    load: (loaded, context, next) =>
      loaded === url || (context.format ?? null) === null
        ? next(loaded, { ...context, format: formatOf(loaded) ?? context.format })
        : next(loaded, context),
  });
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (cause) {
    throw notRun(file, cause);
  } finally {
    hooks.deregister();
  }
}

function formatOf(url: string): 'module' | 'module-typescript' | undefined {
  if (!url.startsWith('file:') || url.includes('/node_modules/')) return undefined;
  if (url.endsWith('.ts')) return 'module-typescript';
  return /\.m?js$/.test(url) ? 'module' : undefined;
}

const SYNTAX_CODES = ['ERR_INVALID_TYPESCRIPT_SYNTAX', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'];

function notRun(file: string, cause: unknown): DayboardError {
  const own = dayboardError(cause);
  if (own) return own;
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  if (cause instanceof SyntaxError || (code !== undefined && SYNTAX_CODES.includes(code))) {
    return new DayboardError({
      code: 'config.syntax',
      kind: 'usage',
      message: `${placeOf(cause) ?? file} is not valid: ${message.trim()}`,
      facts: { file },
      next: 'Correct it and try again. Node strips types only: no enums, namespaces or parameter properties.',
      cause,
    });
  }
  return new DayboardError({
    code: 'config.invalid',
    kind: 'usage',
    message: `Running ${file} failed: ${message}`,
    facts: { file, ...(code === undefined ? {} : { cause: code }) },
    next:
      code === 'ERR_MODULE_NOT_FOUND'
        ? 'Check the imports; own files are imported with their ending (./tables.ts).'
        : 'Nothing was read or written. Correct the file and try again.',
    cause,
  });
}

/** 'FILE:LINE' of a syntax error, from the first line of its stack. */
function placeOf(error: unknown): string | undefined {
  const first = error instanceof Error ? error.stack?.split('\n', 1)[0] : undefined;
  const match = first === undefined ? null : /^(file:\/\/\S+?|\/\S+?):(\d+)$/.exec(first);
  if (match?.[1] === undefined) return undefined;
  const file = match[1].startsWith('file:') ? fileURLToPath(match[1]) : match[1];
  return `${file}:${match[2]}`;
}

/** Errors of another copy of dayboard's modules (a test runner has two) become our own. */
function asOurs(definition: ProjectDefinition): ProjectDefinition {
  return {
    ...definition,
    resolve: (environment) => {
      try {
        return definition.resolve(environment);
      } catch (thrown) {
        throw dayboardError(thrown) ?? thrown;
      }
    },
  };
}

function dayboardError(thrown: unknown): DayboardError | undefined {
  if (thrown instanceof DayboardError) return thrown;
  if (!(thrown instanceof Error) || thrown.name !== 'DayboardError') return undefined;
  const { code, message, facts, next, kind, cause } = thrown as DayboardError;
  return new DayboardError({ code, message, facts, kind, cause, ...(next === undefined ? {} : { next }) });
}
