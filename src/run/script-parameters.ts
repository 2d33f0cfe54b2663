import { Temporal } from 'temporal-polyfill';
import type { ScriptParameter, ScriptVariables } from '../plan/script.ts';
import { DayboardError } from '../project/errors.ts';
import type { Day } from '../project/model.ts';
import { addPeriods } from '../project/period.ts';

/** Words that stand for a day. */
const DAYS: Readonly<Record<string, number>> = { today: 0, yesterday: -1 };

/**
 * The variables that a script is given, with its declared defaults where nothing was given, and days as dates. Errors:
 * 'script.parameter', of kind 'usage', for what is missing or is not of its type; nothing was run.
 *
 * @param today in the project's time zone
 */
export function withParameters(
  variables: ScriptVariables,
  parameters: readonly ScriptParameter[],
  today: Day,
): Array<[name: string, value: string]> {
  const given = new Map(variables);
  for (const parameter of parameters) {
    const value = given.get(parameter.name) ?? parameter.default;
    if (value === undefined) throw missing(parameter);
    given.set(parameter.name, valueOf(parameter, value, today));
  }
  return [...given];
}

function valueOf({ name, type }: ScriptParameter, value: string, today: Day): string {
  if (type === 'text') return value;
  if (type === 'integer') {
    if (/^[+-]?\d{1,18}$/.test(value)) return value;
    throw unfit(name, value, 'a whole number');
  }
  const back = DAYS[value.toLowerCase()];
  if (back !== undefined) return addPeriods(today, back);
  if (isDay(value)) return value;
  throw unfit(name, value, 'a day, as 2024-11-14, today or yesterday');
}

function isDay(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  try {
    return Temporal.PlainDate.from(value, { overflow: 'reject' }).toString() === value;
  } catch {
    return false;
  }
}

function missing({ name, type, description }: ScriptParameter): DayboardError {
  const what = description === '' ? '' : `: ${description}`;
  return new DayboardError({
    code: 'script.parameter',
    kind: 'usage',
    message: `The script needs ${name} (${type})${what}. Nothing was run.`,
    facts: { parameter: name },
    next: `Give it with -v ${name}=…`,
  });
}

function unfit(name: string, value: string, wanted: string): DayboardError {
  return new DayboardError({
    code: 'script.parameter',
    kind: 'usage',
    message: `${name} is "${value}", and must be ${wanted}. Nothing was run.`,
    facts: { parameter: name },
    next: `Give it with -v ${name}=…`,
  });
}
