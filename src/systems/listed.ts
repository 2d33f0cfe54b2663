import type { Environment } from '../project/environment.ts';
import { nameOneOf, type Problems } from '../project/problems.ts';

/** The comma list of a variable of the environment, each word one of `values`; problems for those that are none. */
export function listed<Value extends string>(
  variable: string,
  environment: Environment,
  values: readonly Value[],
  problems: Problems,
): Value[] {
  const written = (environment[variable] ?? '').split(',').map((each) => each.trim());
  return written.filter(Boolean).flatMap((text) => {
    const value = values.find((each) => each === text);
    if (value !== undefined) return [value];
    problems.at(variable).add(`"${text}" is unknown`, nameOneOf(text, values));
    return [];
  });
}
