import { closeSync, openSync, writeSync } from 'node:fs';

/** Where a script's results go: stdout, or the file of `\o`. */
export class QueryOutput {
  readonly #stdout: (data: string | Buffer) => void;
  #file: number | undefined;
  /** The file of `\g FILE`, for one statement, and its path until it is opened. */
  #once: number | undefined;
  #pending: string | undefined;

  constructor(stdout: (data: string | Buffer) => void) {
    this.#stdout = stdout;
  }

  write(data: string | Buffer): void {
    const file = this.#once ?? this.#file;
    if (file === undefined) this.#stdout(data);
    else writeAll(file, data);
  }

  /** `\o FILE`, or back to stdout. Throws what the file system says. */
  redirect(path: string | undefined): void {
    const file = path === undefined ? undefined : openSync(path, 'w');
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = file;
  }

  /** What is written until `endOnce` goes to a file of its own, which is made when there is something to write. */
  beginOnce(path: string): void {
    this.#pending = path;
  }

  /** Opens that file. Throws what the file system says. */
  openOnce(): void {
    if (this.#pending === undefined) return;
    this.#once = openSync(this.#pending, 'w');
    this.#pending = undefined;
  }

  get redirected(): boolean {
    return this.#file !== undefined;
  }

  endOnce(): void {
    if (this.#once !== undefined) closeSync(this.#once);
    this.#once = undefined;
    this.#pending = undefined;
  }

  close(): void {
    this.endOnce();
    this.redirect(undefined);
  }
}

function writeAll(file: number, data: string | Buffer): void {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
