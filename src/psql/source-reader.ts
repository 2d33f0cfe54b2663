/** The lines of a file, read one at a time by the loop and by COPY. */
export class SourceReader {
  /** As it was named: messages carry it, and `\ir` begins there. */
  readonly name: string;
  /** Number of the line that was read last. */
  line = 0;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(name: string, bytes: Buffer) {
    this.name = name;
    this.#bytes = bytes;
    // A byte order mark is no part of the first line.
    if (bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#at = 3;
  }

  /** The next line with its end, or undefined at the end of the file. */
  next(): Buffer | undefined {
    if (this.#at >= this.#bytes.length) return undefined;
    const newline = this.#bytes.indexOf(0x0a, this.#at);
    const end = newline < 0 ? this.#bytes.length : newline + 1;
    const line = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    this.line += 1;
    return line;
  }
}
