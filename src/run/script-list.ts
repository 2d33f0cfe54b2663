import { readFileSync } from 'node:fs';
import type { ScriptHistory } from '../ledger/scripts.ts';
import type { ScriptSummary } from '../plan/script.ts';
import type { Script } from '../project/model.ts';
import { fileProblem } from '../psql/file-problem.ts';
import { scriptHeader } from '../psql/script-header.ts';
import { scriptFile, type ScriptHome } from './ready-script.ts';

/** The project's scripts with what their headers say and how they went before, in the definition's order. */
export function summarizeScripts(
  home: Pick<ScriptHome, 'project' | 'baseDirectory'>,
  history: readonly ScriptHistory[],
): ScriptSummary[] {
  return home.project.scripts.map((script) => {
    const past = history.find((each) => each.script === script.name);
    return {
      ...described(script, scriptFile(script, home)),
      seconds: past?.seconds ?? [],
      ...(past === undefined ? {} : { lastRun: past.lastRun }),
    };
  });
}

function described({ name, description }: Script, file: string): Omit<ScriptSummary, 'seconds'> {
  try {
    const header = scriptHeader(readFileSync(file, 'utf8'));
    const [problem] = header.problems;
    return {
      name,
      file,
      description: description === '' ? header.description : description,
      parameters: header.parameters,
      ...(problem === undefined ? {} : { problem: `declares no parameter: ${problem}` }),
    };
  } catch (error) {
    return { name, file, description, parameters: [], problem: `cannot be read: ${fileProblem(error)}` };
  }
}
