import { statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { assertSafe } from './config-safety.ts';
import type { ProjectDefinition } from './define.ts';
import { DayboardError } from './errors.ts';
import { importConfig } from './import-config.ts';
import { didYouMean } from './nearest.ts';

/** The systems that come with dayboard, by name; each is loaded when it is asked for. */
export type Systems = Readonly<Record<string, () => Promise<ProjectDefinition>>>;

/** The names of a config file, in the order in which a folder is searched. */
export const CONFIG_NAMES = ['dayboard.config.ts', 'dayboard.config.js', 'dayboard.config.mjs'];

export interface LoadedConfig {
  definition: ProjectDefinition;
  /** Where it came from, for people: the file's path, or the system's name. */
  from: string;
  /** What relative paths in the definition start from: the file's folder, or the working directory. */
  baseDirectory: string;
}

/**
 * Finds a project definition and loads it; what it says is checked when it is resolved.
 * @param options.config the value of --config: a file, a folder with a config file, or the name of a system.
 *   Without it the config file is searched upward from `directory`
 * @param options.directory the working directory, absolute
 * @throws DayboardError 'config.not-found', 'config.unsafe', 'config.syntax' or 'config.invalid', all of kind 'usage'
 */
export async function loadConfig(options: {
  config?: string;
  directory: string;
  systems: Systems;
}): Promise<LoadedConfig> {
  const { config, directory, systems } = options;
  if (config === undefined) return loadFile(findUpward(directory) ?? fail(nothingFound(directory, systems)));
  const system = Object.hasOwn(systems, config) ? systems[config] : undefined;
  if (system) return { definition: await system(), from: config, baseDirectory: directory };
  const path = isAbsolute(config) ? config : resolve(directory, config);
  return loadFile(fileAt(path) ?? fail(noSuchConfig(config, path, systems)));
}

async function loadFile(file: string): Promise<LoadedConfig> {
  assertSafe(file);
  return { definition: await importConfig(file), from: file, baseDirectory: dirname(file) };
}

function findUpward(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const file = configIn(folder);
    if (file !== undefined || folder === dirname(folder)) return file;
  }
}

function configIn(folder: string): string | undefined {
  return CONFIG_NAMES.map((name) => join(folder, name)).find(isFile);
}

/** The config file that a path means: itself, or the one in that folder. */
function fileAt(path: string): string | undefined {
  return isFile(path) ? path : configIn(path);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function fail(error: DayboardError): never {
  throw error;
}

function nothingFound(directory: string, systems: Systems): DayboardError {
  return new DayboardError({
    code: 'config.not-found',
    kind: 'usage',
    message: `There is no dayboard.config.ts in ${directory} or above it.`,
    facts: { directory },
    next: `Write one with: dayboard init. Or name a system: --config ${Object.keys(systems).join(' | ')}.`,
  });
}

function noSuchConfig(config: string, path: string, systems: Systems): DayboardError {
  const isPath = /[/\\]|\.(?:ts|m?js)$/.test(config);
  const known = Object.keys(systems);
  return new DayboardError({
    code: 'config.not-found',
    kind: 'usage',
    message: isPath
      ? `There is no config file at ${path}.`
      : `There is no system "${config}", nor a config file of that name.${didYouMean(config, known)}`,
    facts: { config },
    next: `--config takes a file, or one of the systems that come with dayboard: ${known.join(', ')}.`,
  });
}
