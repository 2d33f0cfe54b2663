/** Reads exact counts of bytes from chunks of any size. Holds one chunk. */
export class ByteReader {
  private rest: Buffer = Buffer.alloc(0);
  private readonly chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** True when no byte is left. */
  async atEnd(): Promise<boolean> {
    while (this.rest.length === 0) {
      const next = await this.chunks.next();
      if (next.done === true) return true;
      this.rest = next.value;
    }
    return false;
  }

  /** The next `count` bytes in the pieces they come in; fewer when the bytes end before. */
  async *pass(count: number): AsyncGenerator<Buffer, void> {
    let wanted = count;
    while (wanted > 0 && !(await this.atEnd())) {
      const piece = this.rest.subarray(0, wanted);
      this.rest = this.rest.subarray(piece.length);
      wanted -= piece.length;
      yield piece;
    }
  }

  /** The next `count` bytes as one buffer, for small counts; fewer when the bytes end before. */
  async take(count: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.pass(count)) pieces.push(piece);
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  /** Everything that is left, in the pieces it comes in. Ends the source when it is left early. */
  async *all(): AsyncGenerator<Buffer, void> {
    try {
      while (!(await this.atEnd())) {
        const piece = this.rest;
        this.rest = Buffer.alloc(0);
        yield piece;
      }
    } finally {
      await this.close();
    }
  }

  /** Puts bytes that were taken back in front. */
  unread(bytes: Buffer): void {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([bytes, this.rest]);
  }

  /** Ends the source, whether it was read to its end or not. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}
