import type { CheckStatus } from '../../plan/board.ts';
import type { DoctorFinding } from '../../run/workspace.ts';
import { countText } from '../../plan/finding.ts';
import { clean } from '../../console/clean.ts';
import type { Paint } from './paint.ts';

const WORD_WIDTH = 7;

/** One thing that the doctor looked at. */
export function findingText({ verdict, subject, message, next }: DoctorFinding, paint: Paint): string {
  const { theme } = paint;
  const [glyph, style] = look(verdict, paint);
  return [
    `${paint.text(`${glyph} ${verdict.padEnd(WORD_WIDTH)}`, style)} ${paint.text(subject, theme.strong)}: ${paint.text(message)}`,
    ...(next === undefined ? [] : [`  ${' '.repeat(WORD_WIDTH)} ${paint.text(next, theme.muted)}`]),
  ].join('\n');
}

function look(verdict: CheckStatus['verdict'], paint: Paint): [glyph: string, style: string] {
  const { glyphs, good, warn, bad, muted } = paint.theme;
  switch (verdict) {
    case 'pass':
      return [glyphs.verdict.pass, good];
    case 'warn':
      return [glyphs.verdict.warn, warn];
    case 'fail':
      return [glyphs.verdict.error, bad];
    case 'unknown':
      return [glyphs.verdict.unknown, bad];
    case 'never':
      return [glyphs.verdict.unknown, muted];
  }
}

/** So many of a check's findings are shown. */
const MOST_FINDINGS = 10;

/** A check's last result, with what it found. */
export function checkText({ name, verdict, findings, more = 0, error }: CheckStatus, paint: Paint): string[] {
  const { theme } = paint;
  const [glyph, style] = look(verdict, paint);
  const count = findings.length + more;
  const hidden = count - MOST_FINDINGS;
  return [
    `${paint.text(`${glyph} ${verdict.padEnd(WORD_WIDTH)}`, style)} ${paint.text(name, theme.strong)}`,
    ...findings.slice(0, MOST_FINDINGS).map((finding) => `    ${paint.text(oneLine(finding))}`),
    ...(hidden > 0 ? [paint.text(`    the first of ${countText(count)}`, theme.muted)] : []),
    ...(error === undefined ? [] : [`    ${paint.text(error.message)}`]),
    ...(error?.next === undefined ? [] : [`    ${paint.text(error.next, theme.muted)}`]),
  ];
}

/** A finding is a row of the check's SQL: 'month=2024-11 difference=3'. */
function oneLine(finding: unknown): string {
  if (typeof finding !== 'object' || finding === null) return clean(String(finding));
  return Object.entries(finding)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
