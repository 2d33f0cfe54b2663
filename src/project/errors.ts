import { redact } from './redact.ts';

/** Facts of an error: short values that text and JSON both show. Never a secret. */
export type ErrorFacts = Record<string, string | number | boolean | null | undefined>;

/** How the process ends for an error (CONTRACT: exit codes). */
export type ErrorKind = 'failed' | 'usage' | 'stale' | 'refused' | 'interrupted';

export interface ErrorParts {
  /** Stable, machine-readable: 'source.object-missing', 'load.malformed-row'. */
  code: string;
  /** What happened and where, in one sentence or two. */
  message: string;
  /** Where: dataset, period, key, line, column, sqlstate, … */
  facts?: ErrorFacts;
  /** What was left as it was, and what to do next. */
  next?: string;
  /** Defaults to 'failed' (exit code 1). */
  kind?: ErrorKind;
  cause?: unknown;
}

/** An error as JSON: the `error` of run events and of `--json` output. */
export interface ErrorValue {
  code: string;
  message: string;
  facts: ErrorFacts;
  next?: string;
}

/** The one error type of dayboard: a code, a message for people, facts, and what to do next; none shows a secret. */
export class DayboardError extends Error {
  override readonly name = 'DayboardError';
  readonly code: string;
  readonly facts: ErrorFacts;
  readonly next: string | undefined;
  readonly kind: ErrorKind;

  constructor(parts: ErrorParts) {
    super(redact(parts.message), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.facts = withoutSecrets(parts.facts ?? {});
    this.next = parts.next === undefined ? undefined : redact(parts.next);
    this.kind = parts.kind ?? 'failed';
  }

  /** The same error with more facts (the caller's dataset and period, say); what is there already wins. */
  with(facts: ErrorFacts): DayboardError {
    return new DayboardError({
      code: this.code,
      message: this.message,
      facts: { ...facts, ...this.facts },
      ...(this.next === undefined ? {} : { next: this.next }),
      kind: this.kind,
      cause: this.cause,
    });
  }

  toJSON(): ErrorValue {
    return {
      code: this.code,
      message: this.message,
      facts: this.facts,
      ...(this.next === undefined ? {} : { next: this.next }),
    };
  }
}

function withoutSecrets(facts: ErrorFacts): ErrorFacts {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? redact(value) : value]),
  );
}

/** Whether something ended because it was asked to. */
export function isInterrupted(thrown: unknown): boolean {
  return thrown instanceof DayboardError && thrown.kind === 'interrupted';
}

/** Any thrown thing as a DayboardError; what is not one becomes code 'unexpected' with its message. */
export function toDayboardError(thrown: unknown): DayboardError {
  if (thrown instanceof DayboardError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new DayboardError({ code: 'unexpected', message: message, cause: thrown });
}
