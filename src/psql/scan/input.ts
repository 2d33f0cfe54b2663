/** Text that is being scanned: a line of the script, or a variable's value within it. */
interface Source {
  text: string;
  at: number;
  /** The variable that the text came from. */
  variable: string | undefined;
}

/** The rest of a line, with the values of variables put in where they were named. */
export class Input {
  readonly #sources: Source[];

  constructor(line: string) {
    this.#sources = [{ text: line, at: 0, variable: undefined }];
  }

  /** What follows in the innermost text. Empty at the end of the line only. */
  get rest(): string {
    for (;;) {
      const source = this.#sources.at(-1);
      if (source === undefined) return '';
      if (source.at < source.text.length) return source.text.slice(source.at);
      this.#sources.pop();
    }
  }

  advance(count: number): void {
    const source = this.#sources.at(-1);
    if (source !== undefined) source.at += count;
  }

  /** Puts a variable's value before what follows; false when that value is being read already. */
  push(variable: string, value: string): boolean {
    if (this.#sources.some((source) => source.variable === variable)) return false;
    this.#sources.push({ text: value, at: 0, variable });
    return true;
  }
}
