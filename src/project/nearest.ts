/**
 * How many insertions, deletions, replacements and swaps of neighbours turn one text into another
 * (Damerau-Levenshtein, optimal string alignment).
 */
export function editDistance(a: string, b: string): number {
  const [from, to] = [Array.from(a), Array.from(b)];
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, letter] of from.entries()) {
    const current = [row + 1];
    for (const [column, other] of to.entries()) {
      const replaced = at(last, column) + (letter === other ? 0 : 1);
      const cheapest = Math.min(at(last, column + 1) + 1, at(current, column) + 1, replaced);
      const swapped = row > 0 && column > 0 && letter === to[column - 1] && from[row - 1] === other;
      current.push(swapped ? Math.min(cheapest, at(beforeLast, column - 1) + 1) : cheapest);
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

/**
 * The known name that somebody most likely meant: the one with the fewest typing errors (at most one per three
 * letters), else the only one that contains what was written, or is contained in it.
 * @returns undefined when none is near enough
 */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  const wanted = written.trim().toLowerCase();
  const names = [...known];
  if (wanted === '') return undefined;
  const ranked = names
    .map((name) => ({ name, distance: editDistance(wanted, name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  if (best !== undefined && best.distance <= Math.max(1, Math.floor(wanted.length / 3))) return best.name;
  const containing = wanted.length < 3 ? [] : names.filter((name) => contains(name.toLowerCase(), wanted));
  return containing.length === 1 ? containing[0] : undefined;
}

function contains(a: string, b: string): boolean {
  return a.includes(b) || (a.length >= 3 && b.includes(a));
}

/** ' Did you mean "user_daily_visits"?' with its leading space, or nothing when no known name is near. */
export function didYouMean(written: string, known: Iterable<string>): string {
  const name = nearest(written, known);
  return name === undefined ? '' : ` Did you mean "${name}"?`;
}
