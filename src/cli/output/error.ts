import type { DayboardError, ErrorValue } from '../../project/errors.ts';
import { exitCodeOf } from '../exit-codes.ts';
import type { Paint } from './paint.ts';

/** Facts that a step's own name tells already. */
export const TOLD_BY_STEP = ['dataset', 'period', 'name'] as const;

/** Where it happened: the facts that are known, as `dataset=sso period=2024-11-13`. */
export function factsText(facts: ErrorValue['facts'], without: readonly string[] = []): string {
  return Object.entries(facts)
    .filter(([name, value]) => value !== undefined && value !== null && !without.includes(name))
    .map(([name, value]) => `${name}=${/[\s"]/.test(String(value)) ? JSON.stringify(value) : String(value)}`)
    .join(' ');
}

const LABEL = 'error';

/** An error for people: what happened, where, and what to do next. Its own line breaks are kept. */
export function errorText(error: ErrorValue, paint: Paint): string {
  const { bad, muted } = paint.theme;
  const where = factsText(error.facts);
  const [head = '', ...more] = error.message.split('\n');
  return [
    paint.block(`${LABEL} ${head}`, 0).join('\n  ').replace(LABEL, paint.text(LABEL, bad)),
    ...more.flatMap((line) => paint.block(line, 2)),
    ...paint.block(`${error.code}${where === '' ? '' : ` · ${where}`}`, 2, muted),
    ...(error.next === undefined ? [] : error.next.split('\n').flatMap((line) => paint.block(line, 2))),
  ].join('\n');
}

/** The same for machines. */
export function errorJson(error: DayboardError): Record<string, unknown> {
  return { schema: 'dayboard.error/1', ...error.toJSON(), exitCode: exitCodeOf(error) };
}
