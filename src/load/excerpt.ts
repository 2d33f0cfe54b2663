const LONGEST = 80;

/**
 * A value from a file as it may be shown: without control, bidirectional and unpaired surrogate characters, at most
 * `longest` characters, with '…' where something was cut.
 */
export function excerpt(value: string, longest = LONGEST): string {
  const clean = value.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  const characters = Array.from(clean.slice(0, longest * 2 + 2));
  if (characters.length <= longest && clean.length <= longest * 2) return clean;
  return `${characters
    .slice(0, longest - 1)
    .join('')
    .trimEnd()}…`;
}
