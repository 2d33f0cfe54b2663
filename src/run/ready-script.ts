import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { maskedVariables, type OnError, type ScriptPlan, type ScriptVariables } from '../plan/script.ts';
import type { ScriptParameter } from '../plan/script.ts';
import { DayboardError } from '../project/errors.ts';
import type { Project, Script } from '../project/model.ts';
import { today } from '../project/period.ts';
import { fileProblem } from '../psql/file-problem.ts';
import { scriptHeader } from '../psql/script-header.ts';
import { planScript, secretsOf, type ScriptPlanRequest, type ServerOfPlan } from '../psql/script-plan.ts';
import { isWithin } from '../psql/within.ts';
import { withParameters } from './script-parameters.ts';

/** A script that somebody wants to run. */
export interface ScriptRequest {
  /** A file, from `directory` on, or the name of one of the project's scripts. */
  script: string;
  /** Where relative names begin. */
  directory: string;
  /** Files of the script are read and written here and below only; `directory`, or the script's own when it lies elsewhere. */
  root?: string;
  variables: ScriptVariables;
  singleTransaction: boolean;
  onError: OnError;
  /** As PostgreSQL writes them: '5min', '10s'. */
  statementTimeout?: string;
  lockTimeout?: string;
}

/** The same, with the file found, its declared parameters filled in, and days as dates. */
export interface ReadyScript extends Omit<ScriptRequest, 'script' | 'root'>, ScriptPlanRequest {
  /** The name that it is told and kept by. */
  name: string;
  root: string;
  parameters: ScriptParameter[];
}

export interface ScriptHome {
  project: Project;
  /** What files of the definition start from. */
  baseDirectory: string;
  /** RFC 3339. */
  now: string;
}

/** A project's script's file, absolute. */
export function scriptFile({ file }: Script, { baseDirectory }: Pick<ScriptHome, 'baseDirectory'>): string {
  return resolve(baseDirectory, file);
}

/**
 * Finds a script and fills its parameters in. A file of that name is meant before a script of the project. Errors, of
 * kind 'usage': 'script.missing', 'script.parameter'.
 */
export function readyScript(request: ScriptRequest, home: ScriptHome): ReadyScript {
  const { script, root, ...others } = request;
  const { directory } = request;
  const isFile = existsSync(resolve(directory, script));
  const known = isFile ? undefined : home.project.scripts.find(({ name }) => name === script);
  const path = known === undefined ? resolve(directory, script) : scriptFile(known, home);
  const { parameters } = scriptHeader(readScriptFile(path, script, home.project));
  return {
    ...others,
    file: known === undefined ? script : relative(directory, path),
    name: script,
    root: root ?? (isWithin(path, directory) ? directory : dirname(path)),
    parameters,
    variables: withParameters(
      request.variables,
      parameters,
      today(home.now, home.project.timeZone).toString(),
    ),
  };
}

function readScriptFile(path: string, script: string, { scripts }: Project): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const names = scripts.map(({ name }) => name).join(', ');
    throw new DayboardError({
      code: 'script.missing',
      kind: 'usage',
      message: `${script} cannot be read: ${fileProblem(error)}. Nothing was run.`,
      facts: { script },
      next:
        names === ''
          ? 'Name a file, from the working directory on.'
          : `Name a file, from the working directory on, or a script of the project: ${names}.`,
    });
  }
}

/**
 * What running it would do. Errors: 'script.unsupported'.
 *
 * @param invocation how dayboard was called
 */
export function planReady(
  script: ReadyScript,
  about: { project: string; context: string; invocation: string },
  server: ServerOfPlan,
): Promise<ScriptPlan> {
  const { invocation, ...where } = about;
  const cli = `${invocation} script ${words(script)}`;
  return planScript(script, { ...where, cli, name: script.name }, script.parameters, server);
}

/** The words after `script`; secret values are masked, since a command line is shown and kept. */
function words(script: ReadyScript): string {
  const { name, variables, parameters, singleTransaction, onError, statementTimeout, lockTimeout } = script;
  const found = [name];
  for (const [variable, value] of Object.entries(maskedVariables(variables, secretsOf(parameters))))
    found.push('-v', `${variable}=${value}`);
  if (singleTransaction) found.push('-1');
  if (onError === 'continue') found.push('--on-error', onError);
  if (statementTimeout !== undefined) found.push('--statement-timeout', statementTimeout);
  if (lockTimeout !== undefined) found.push('--lock-timeout', lockTimeout);
  return found.map(quoted).join(' ');
}

/** A word for a shell. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
