/** A branch of `\if`: run, passed over, or in a block that is passed over whole (or whose branch was already run). */
type Branch = 'true' | 'false' | 'ignored' | 'else true' | 'else false';

/** What the statement was when a branch began: text that a passed over branch added is taken off again. */
export interface Saved {
  text: string;
  parentheses: number;
}

interface Level {
  branch: Branch;
  saved: Saved;
}

/** The open `\if` blocks of one file. */
export class Conditions {
  readonly #levels: Level[] = [];

  /** Whether statements and commands are run here. */
  get active(): boolean {
    const branch = this.#levels.at(-1)?.branch;
    return branch === undefined || branch === 'true' || branch === 'else true';
  }

  get open(): boolean {
    return this.#levels.length > 0;
  }

  /** `\if`: `decide` tells whether its branch is run, and is not asked within one that is passed over. */
  begin(saved: Saved, decide: () => boolean): void {
    const level: Level = { branch: this.active ? 'true' : 'ignored', saved };
    const evaluated = this.active;
    this.#levels.push(level);
    if (evaluated && !decide()) level.branch = 'false';
  }

  /**
   * `\elif`. `restore` is called when the branch before was passed over. psql's error comes back; the expression has to be read
   * by `decide` or else by the caller.
   */
  otherwiseIf(now: () => Saved, restore: (saved: Saved) => void, decide: () => boolean): string | undefined {
    const level = this.#levels.at(-1);
    if (level === undefined) return '\\elif: no matching \\if';
    switch (level.branch) {
      case 'true':
        level.saved = now();
        level.branch = 'ignored';
        return undefined;
      case 'false':
        restore(level.saved);
        level.branch = 'true';
        if (!decide()) level.branch = 'false';
        return undefined;
      case 'ignored':
        restore(level.saved);
        return undefined;
      case 'else true':
      case 'else false':
        return '\\elif: cannot occur after \\else';
    }
  }

  /** `\else`. */
  otherwise(now: () => Saved, restore: (saved: Saved) => void): string | undefined {
    const level = this.#levels.at(-1);
    if (level === undefined) return '\\else: no matching \\if';
    switch (level.branch) {
      case 'true':
        level.saved = now();
        level.branch = 'else false';
        return undefined;
      case 'false':
        restore(level.saved);
        level.branch = 'else true';
        return undefined;
      case 'ignored':
        restore(level.saved);
        level.branch = 'else false';
        return undefined;
      case 'else true':
      case 'else false':
        return '\\else: cannot occur after \\else';
    }
  }

  /** `\endif`. */
  end(restore: (saved: Saved) => void): string | undefined {
    const level = this.#levels.pop();
    if (level === undefined) return '\\endif: no matching \\if';
    if (level.branch !== 'true' && level.branch !== 'else true') restore(level.saved);
    return undefined;
  }
}
