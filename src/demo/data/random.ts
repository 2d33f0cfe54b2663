/**
 * Chance without state: the same numbers always give the same value, so any delivery can be made on its own and still
 * agrees with its neighbours. (The mixing steps are those of MurmurHash3.)
 * @returns a whole number from 0 to 2^32 - 1
 */
export function hash(...numbers: number[]): number {
  let state = 0x9e3779b9;
  for (const number of numbers) {
    let part = Math.imul(number | 0, 0xcc9e2d51);
    part = (part << 15) | (part >>> 17);
    state ^= Math.imul(part, 0x1b873593);
    state = (state << 13) | (state >>> 19);
    state = (Math.imul(state, 5) + 0xe6546b64) | 0;
  }
  state ^= state >>> 16;
  state = Math.imul(state, 0x85ebca6b);
  state ^= state >>> 13;
  state = Math.imul(state, 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}

/** From 0 up to, not including, 1. */
export function share(...numbers: number[]): number {
  return hash(...numbers) / 0x1_0000_0000;
}

/** True in about `likelihood` of all cases. */
export function chance(likelihood: number, ...numbers: number[]): boolean {
  return share(...numbers) < likelihood;
}

/** One of a list that is not empty. */
export function pick<Item>(list: readonly [Item, ...Item[]], ...numbers: number[]): Item {
  return list[hash(...numbers) % list.length] ?? list[0];
}

/** A whole number around `mean`, never below 0: mostly within a third of it. */
export function around(mean: number, ...numbers: number[]): number {
  const spread = (share(...numbers, 1) + share(...numbers, 2) + share(...numbers, 3)) / 1.5 - 1;
  return Math.max(0, Math.floor(mean * (1 + spread / 2) + share(...numbers, 4)));
}

/** Hexadecimal digits. */
export function hex(length: number, ...numbers: number[]): string {
  let digits = '';
  for (let part = 0; digits.length < length; part += 1) {
    digits += hash(...numbers, part)
      .toString(16)
      .padStart(8, '0');
  }
  return digits.slice(0, length);
}
