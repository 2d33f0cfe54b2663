/** How a variable is written where it is named: as it is, as a string of SQL, as an identifier. */
export type Quoting = 'plain' | 'literal' | 'identifier';

/** What the scanner asks of the variables: undefined where there is none, or where none are put in. */
export interface Lookup {
  value(name: string, quoting: Quoting): string | undefined;
  /** `:{?name}`; undefined where variables are not read. */
  isSet(name: string): boolean | undefined;
  warn(message: string): void;
}

const NAME = String.raw`[A-Za-z_0-9\u0080-\u{10ffff}]`;
const PLAIN = new RegExp(`^:(${NAME}+)`, 'u');
const QUOTED = new RegExp(`^:(['"])(${NAME}+)\\1`, 'u');
const TEST = new RegExp(String.raw`^:\{\?(${NAME}+)\}`, 'u');

/** A variable as it is named at the beginning of a text: `:name`, `:'name'`, `:"name"` or `:{?name}`. */
export type Reference =
  | { kind: 'plain'; name: string; length: number }
  | { kind: 'literal' | 'identifier'; name: string; length: number }
  | { kind: 'test'; name: string; length: number };

export function referenceAt(text: string): Reference | undefined {
  const plain = PLAIN.exec(text);
  if (plain !== null) return { kind: 'plain', name: plain[1] ?? '', length: plain[0].length };
  const quoted = QUOTED.exec(text);
  if (quoted !== null) {
    const kind = quoted[1] === "'" ? 'literal' : 'identifier';
    return { kind, name: quoted[2] ?? '', length: quoted[0].length };
  }
  const test = TEST.exec(text);
  return test === null ? undefined : { kind: 'test', name: test[1] ?? '', length: test[0].length };
}
