import { allArguments, type Command, fail } from './command.ts';

/** Commands over variables, psql's and the environment's. */
export const VARIABLES: Readonly<Record<string, Command>> = {
  set: (invocation) => {
    const { session } = invocation;
    const name = invocation.argument()?.text;
    if (name === undefined) {
      session.options.stdout(
        session.variables
          .entries()
          .map(([each, value]) => `${each} = '${value}'\n`)
          .join(''),
      );
      return 'ok';
    }
    const value = allArguments(invocation)
      .map((argument) => argument.text)
      .join('');
    const problem = session.variables.set(name, value);
    return problem === undefined ? 'ok' : fail(invocation, problem);
  },
  unset: (invocation) => {
    const name = invocation.argument()?.text;
    if (name === undefined) return fail(invocation, '\\unset: missing required argument');
    const problem = invocation.session.variables.unset(name);
    return problem === undefined ? 'ok' : fail(invocation, problem);
  },
  getenv: (invocation) => {
    const { session } = invocation;
    const [name, variable] = [invocation.argument()?.text, invocation.argument()?.text];
    if (name === undefined || variable === undefined)
      return fail(invocation, '\\getenv: missing required argument');
    const value = session.options.env[variable];
    const problem = value === undefined ? undefined : session.variables.set(name, value);
    return problem === undefined ? 'ok' : fail(invocation, problem);
  },
};
