import { SCRIPT_PARAMETER_TYPES, type ScriptParameter } from '../plan/script.ts';

/** What a script says of itself in the comments that it begins with. */
export interface ScriptHeader {
  description: string;
  parameters: ScriptParameter[];
  /** Lines that begin as a parameter's do and are none. */
  problems: string[];
}

const DESCRIPTION = /^--\s*description:\s*(.*)$/i;
const PARAMETER = /^--\s*param\b\s*(.*)$/i;
const PARTS =
  /^(?<name>\w+)\s+(?<type>\w+)(?<secret>\s+secret)?(?:\s*=\s*(?<value>\S+))?(?:\s+(?<description>.*))?$/;

/**
 * Reads the header of a script: `-- description: …` and `-- param NAME date|text|integer [secret] [= DEFAULT] …`, up to
 * the first line that is neither empty nor a comment. A parameter without a default must be given.
 */
export function scriptHeader(text: string): ScriptHeader {
  const header: ScriptHeader = { description: '', parameters: [], problems: [] };
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    if (!line.startsWith('--')) break;
    const description = DESCRIPTION.exec(line)?.[1];
    if (description !== undefined) header.description = description.trim();
    const declared = PARAMETER.exec(line)?.[1];
    if (declared === undefined) continue;
    const parameter = parameterOf(declared);
    if (parameter === undefined) header.problems.push(line);
    else header.parameters.push(parameter);
  }
  return header;
}

function parameterOf(declared: string): ScriptParameter | undefined {
  const { name, type, secret, value, description } = PARTS.exec(declared.trim())?.groups ?? {};
  const known = SCRIPT_PARAMETER_TYPES.find((each) => each === type);
  if (name === undefined || known === undefined) return undefined;
  return {
    name,
    type: known,
    description: description?.trim() ?? '',
    ...(secret === undefined ? {} : { secret: true as const }),
    ...(value === undefined ? {} : { default: value }),
  };
}
