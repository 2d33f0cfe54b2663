import type { Described, DescribeContext, DescribeRequest } from './describe-context.ts';
import { listExtensionContents } from './describe-extension.ts';
import { isList, printList } from './describe-lists.ts';
import { listPrivileges, listRelations, listsRelations } from './describe-relations.ts';
import { listRoles } from './describe-roles.ts';
import { describeRelations } from './describe-table.ts';
import { DescribeError } from './pattern.ts';

/** A command as typed, taken apart; `\l` and `\z` are describe commands too. */
function parse(command: string): { kind: string; verbose: boolean; system: boolean } {
  const verbose = command.includes('+');
  if (command === 'z') return { kind: 'p', verbose, system: false };
  if (/^l(ist)?\+?$/.test(command)) return { kind: 'l', verbose, system: false };
  // "S" asks for system objects; no kind is written with it.
  const letters = command.slice(1).replaceAll('+', '');
  return { kind: letters.replaceAll('S', ''), verbose, system: letters.includes('S') };
}

/** Whether a meta-command (without its backslash) is a describe command that dayboard knows. */
export function isDescribeCommand(command: string): boolean {
  if (command === 'z' || /^l(ist)?\+?$/.test(command)) return true;
  if (!/^d[A-Za-z+]*$/.test(command)) return false;
  const { kind } = parse(command);
  return (
    kind === '' || ['u', 'g', 'p'].includes(kind) || (kind !== 'l' && isList(kind)) || listsRelations(kind)
  );
}

/**
 * Runs `\d…`, `\l` or `\z` with its arguments and tells what psql prints. Rejects with the server's error when a
 * query of ours fails.
 */
export async function describe(
  command: string,
  args: readonly string[],
  context: DescribeContext,
): Promise<Described> {
  const [pattern, ...moreArguments] = args;
  const request: DescribeRequest = { ...parse(command), pattern, moreArguments };
  try {
    return await dispatch(request, context);
  } catch (error) {
    if (!(error instanceof DescribeError)) throw error;
    return { output: '', error: error.message, failed: true };
  }
}

function dispatch(request: DescribeRequest, context: DescribeContext): Promise<Described> {
  const { kind, pattern, verbose } = request;
  if (kind === '' && pattern !== undefined) return describeRelations(pattern, request, context);
  if (kind === '' || listsRelations(kind)) return listRelations(kind, request, context);
  if (kind === 'u' || kind === 'g') return listRoles(request, context);
  if (kind === 'p') return listPrivileges(request, context);
  if (kind === 'x' && verbose) return listExtensionContents(request, context);
  return printList(request, context);
}
