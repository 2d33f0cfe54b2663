import { StringDecoder } from 'node:string_decoder';

/** So much of what a script wrote is kept, in characters: its end, where errors stand. */
const KEPT = 256 * 1024;

/** The end of what a script writes, and how much it was. */
export class ScriptOutput {
  #kept = '';
  #bytes = 0;
  readonly #decoder = new StringDecoder('utf8');

  add(data: string | Buffer): void {
    this.#bytes += Buffer.byteLength(data);
    this.#kept += typeof data === 'string' ? data : this.#decoder.write(data);
    // Cut in steps: to cut at each piece would copy all that is kept each time.
    if (this.#kept.length > 2 * KEPT) this.#kept = this.#kept.slice(-KEPT);
  }

  /** From the beginning of a line on. */
  get text(): string {
    if (this.#kept.length <= KEPT) return this.#kept;
    const cut = this.#kept.slice(-KEPT);
    return cut.slice(cut.indexOf('\n') + 1);
  }

  get bytes(): number {
    return this.#bytes;
  }
}
