/**
 * What a terminal showed and when, as asciinema's cast files have it (version 2). Time is that of the program, and the
 * pauses in which somebody who watches reads: nobody waits for those while it is recorded.
 */
export class Recording {
  private readonly header: object;
  private readonly events: Array<[seconds: number, kind: 'o' | 'r', data: string]> = [];
  private readonly clock: () => number;
  private readonly began: number;
  private paused = 0;

  /** @param clock milliseconds, of any beginning */
  constructor(
    about: { cols: number; rows: number; title: string },
    clock: () => number = () => performance.now(),
  ) {
    this.header = {
      version: 2,
      width: about.cols,
      height: about.rows,
      title: about.title,
      env: { TERM: 'xterm-256color' },
    };
    this.clock = clock;
    this.began = clock();
  }

  output(data: string): void {
    this.events.push([this.at(), 'o', data]);
  }

  resized(cols: number, rows: number): void {
    this.events.push([this.at(), 'r', `${cols}x${rows}`]);
  }

  /** For so many seconds what is shown stays. */
  pause(seconds: number): void {
    this.paused += seconds;
  }

  private at(): number {
    return Number(((this.clock() - this.began) / 1000 + this.paused).toFixed(3));
  }

  /** The file's text. */
  cast(): string {
    const end: [number, 'o', string] = [this.at(), 'o', ''];
    return [this.header, ...this.events, end].map((line) => `${JSON.stringify(line)}\n`).join('');
  }
}
