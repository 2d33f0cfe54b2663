import type { Io } from './io.ts';

/**
 * The same signal again within this time is the same wish: a launcher and the terminal both deliver one Ctrl-C. Of
 * SIGHUP any number is one: the kernel, a shell and a multiplexer each tell of one terminal that is gone, and nobody is
 * left to be impatient.
 */
const ONE_WISH_MILLISECONDS: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: Infinity };
const ONE_WISH_OF_OTHERS = 300;

type Answer = (signal: NodeJS.Signals) => void;

interface Level {
  answers: readonly Answer[];
  next: number;
}

/**
 * Who answers signals. What runs now answers step by step: the first signal gets the first answer, a later one the
 * next, as in [cancel, exit at once]; after the last one nothing more happens.
 */
export class Interrupts {
  private readonly levels: Level[];
  private readonly clock: () => number;
  private last: { signal: NodeJS.Signals; at: number } | undefined;
  readonly stop: () => void;

  /** @param base what a signal does while nothing else answers */
  constructor(io: Pick<Io, 'onSignal'>, base: Answer, clock: () => number = () => performance.now()) {
    this.levels = [{ answers: [base], next: 0 }];
    this.clock = clock;
    this.stop = io.onSignal((signal) => this.hear(signal));
  }

  /** Lets these answer from now on; returns the function that gives the word back. */
  answer(answers: readonly Answer[]): () => void {
    const level: Level = { answers, next: 0 };
    this.levels.push(level);
    return () => {
      const index = this.levels.indexOf(level);
      if (index !== -1) this.levels.splice(index, 1);
    };
  }

  private hear(signal: NodeJS.Signals): void {
    const at = this.clock();
    const oneWish = ONE_WISH_MILLISECONDS[signal] ?? ONE_WISH_OF_OTHERS;
    if (this.last?.signal === signal && at - this.last.at < oneWish) return;
    this.last = { signal, at };
    const level = this.levels.at(-1);
    const answer = level?.answers[level.next];
    if (level === undefined || answer === undefined) return;
    level.next += 1;
    answer(signal);
  }
}
