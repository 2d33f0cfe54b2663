import type {
  OnError,
  ScriptParameter,
  ScriptPlan,
  ScriptStatement,
  ScriptVariables,
} from '../plan/script.ts';
import { maskedVariables } from '../plan/script.ts';
import { brief } from './brief.ts';
import { classify, loadParser } from './classify.ts';
import { refuseUnsupported } from './script.ts';
import { surveyScript, type SurveyedStatement } from './survey.ts';

/** What somebody wants to run, and where. */
export interface ScriptPlanRequest {
  file: string;
  /** Where relative names begin. */
  directory: string;
  variables: ScriptVariables;
  singleTransaction: boolean;
  onError: OnError;
}

/** What a plan knows of where the script is to run. */
export interface ServerOfPlan {
  /** Nothing may be written: what would write is told in `refused`. */
  readOnly: boolean;
  /** Names of the functions that come with the server: others may do anything. */
  builtIn: ReadonlySet<string>;
}

/**
 * What a script would do, read from its text and that of the files that it includes. Errors: 'script.unsupported' with
 * each line that dayboard does not run.
 */
export async function planScript(
  { file, directory, variables, singleTransaction, onError }: ScriptPlanRequest,
  about: Pick<ScriptPlan, 'project' | 'context' | 'cli' | 'name'>,
  parameters: readonly ScriptParameter[],
  { readOnly, builtIn }: ServerOfPlan,
): Promise<ScriptPlan> {
  await loadParser();
  const survey = surveyScript(file, directory, variables);
  refuseUnsupported(survey.unsupported);
  const found = survey.statements.flatMap((each) => classified(each, builtIn));
  return {
    schema: 'dayboard.script/1',
    project: about.project,
    context: about.context,
    name: about.name,
    file,
    parameters: [...parameters],
    hash: survey.hash,
    files: survey.files,
    statements: found.map(({ statement }) => statement),
    copies: survey.copies,
    variables: maskedVariables(variables, secretsOf(parameters)),
    unset: survey.unset,
    singleTransaction,
    onError,
    refused: readOnly ? found.flatMap(({ statement, why }) => refusals(statement, why)) : [],
    cli: about.cli,
  };
}

/** The names of parameters whose values are shown nowhere. */
export function secretsOf(parameters: readonly ScriptParameter[]): Set<string> {
  return new Set(parameters.filter(({ secret }) => secret === true).map(({ name }) => name));
}

interface Found {
  statement: ScriptStatement;
  /** Why nobody could say afterwards that it only read. */
  why: string | undefined;
}

function classified(
  { file, line, text, executesRows }: SurveyedStatement,
  builtIn: ReadonlySet<string>,
): Found[] {
  return classify(text, builtIn).map((each) => ({
    statement: {
      file,
      line,
      does: executesRows === true ? 'unknown' : each.does,
      text: brief(text, BRIEF),
      objects: each.objects,
    },
    why: whyNotReadOnly(each),
  }));
}

/** Why a statement is not sent where nothing may be written, beyond what the server itself refuses there. */
export function whyNotReadOnly({
  changesTransaction,
  usesServerFiles,
}: {
  changesTransaction: boolean;
  usesServerFiles: boolean;
}): string | undefined {
  if (changesTransaction) return 'a read-only context keeps to one transaction that cannot write';
  return usesServerFiles ? 'it uses files or programs of the server' : undefined;
}

const WRITES: ReadonlySet<string> = new Set(['write', 'ddl', 'destructive']);

function refusals({ file, line, does, text }: ScriptStatement, why: string | undefined): string[] {
  const reason = why ?? (WRITES.has(does) ? 'it writes' : undefined);
  return reason === undefined ? [] : [`${file}:${line}: ${text}: ${reason}`];
}

const BRIEF = 80;
