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

/** An error for people: what happened, where, and what to do next. */
export function errorText(error: ErrorValue, paint: Paint): string {
  const { bad, muted } = paint.theme;
  const where = factsText(error.facts);
  const [head = '', ...more] = error.message.split('\n');
  return [
    `${paint.text('error', bad)} ${paint.text(head)}`,
    ...more.map((line) => paint.text(line)),
    paint.text(`  ${error.code}${where === '' ? '' : ` · ${where}`}`, muted),
    ...(error.next === undefined ? [] : error.next.split('\n').map((line) => paint.text(`  ${line}`))),
  ].join('\n');
}

/** The same for machines. */
export function errorJson(error: DayboardError): Record<string, unknown> {
  return { schema: 'dayboard.error/1', ...error.toJSON(), exitCode: exitCodeOf(error) };
}
