/**
 * How well a text answers what was typed: undefined when its letters are not all in it in their order, else lower is
 * better. Letters that begin words and letters that follow each other count for more than others.
 */
export function fuzzyScore(typed: string, text: string): number | undefined {
  const wanted = typed.toLowerCase().replaceAll(/\s+/gu, '');
  const folded = text.toLowerCase();
  const whole = folded.indexOf(typed.toLowerCase().trim());
  if (whole !== -1) return whole;
  let score = 100;
  let from = 0;
  for (const letter of wanted) {
    const at = folded.indexOf(letter, from);
    if (at === -1) return undefined;
    const begins = at === 0 || /[\s_.-]/u.test(folded[at - 1] ?? '');
    score += at === from || begins ? 0 : at - from + 1;
    from = at + 1;
  }
  return score;
}

/** Those that answer what was typed, the best first; in their own order where they answer alike. */
export function fuzzy<T>(items: readonly T[], typed: string, textOf: (item: T) => string): T[] {
  return items
    .flatMap((item) => {
      const score = fuzzyScore(typed, textOf(item));
      return score === undefined ? [] : [{ item, score }];
    })
    .sort((a, b) => a.score - b.score)
    .map(({ item }) => item);
}
