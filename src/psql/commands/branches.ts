import { notBoolean, parseBoolean } from '../output/boolean.ts';
import type { Saved } from '../conditions.ts';
import { allArguments, type Command, fail, type Invocation } from './command.ts';

function saved({ reading: { scanner } }: Invocation): Saved {
  return { text: scanner.text, parentheses: scanner.parentheses };
}

/** Takes off what a branch that was passed over has added to the statement. */
function restore({ reading: { scanner } }: Invocation): (saved: Saved) => void {
  return ({ text, parentheses }) => {
    scanner.text = text;
    scanner.parentheses = parentheses;
  };
}

/** The arguments as one expression; what is no boolean is complained of and false. */
function decide(invocation: Invocation, what: string): boolean {
  const text = allArguments(invocation)
    .map((argument) => argument.text)
    .join(' ');
  const value = parseBoolean(text);
  if (value === undefined) invocation.session.error(notBoolean(text, what));
  return value === true;
}

/** The commands that are run in every branch. */
export const BRANCHING: Readonly<Record<string, Command>> = {
  if: (invocation) => {
    const { conditions } = invocation.reading;
    conditions.begin(saved(invocation), () => decide(invocation, '\\if expression'));
    if (!conditions.active) allArguments(invocation);
    return 'ok';
  },
  elif: (invocation) => {
    const problem = invocation.reading.conditions.otherwiseIf(
      () => saved(invocation),
      restore(invocation),
      () => decide(invocation, '\\elif expression'),
    );
    if (problem !== undefined) return fail(invocation, problem);
    if (!invocation.reading.conditions.active) allArguments(invocation);
    return 'ok';
  },
  else: (invocation) => {
    const { conditions } = invocation.reading;
    const problem = conditions.otherwise(() => saved(invocation), restore(invocation));
    return problem === undefined ? 'ok' : fail(invocation, problem);
  },
  endif: (invocation) => {
    const problem = invocation.reading.conditions.end(restore(invocation));
    return problem === undefined ? 'ok' : fail(invocation, problem);
  },
};
