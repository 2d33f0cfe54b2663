import { DayboardError, type ErrorFacts } from '../project/errors.ts';
import { passes } from '../project/passing.ts';
import type { SourceObject } from '../project/model.ts';

/** What every text about a failed reading ends with. */
export const UNCHANGED = 'What was published is as it was.';

/** Whether trying again may help: by what the server answered, else by what the network said, else by what broke off. */
export function isTransient({ code, facts }: DayboardError): boolean {
  if (code === 'source.interrupted') return true;
  // A certificate, a name or a right that is wrong stays so, whatever the status says.
  if (!TOLD.has(code)) return false;
  return ['s3Code', 'status', 'reason'].some((name) => passes(String(facts[name] ?? '')) !== undefined);
}

/** Failures of the way to the source and of its server, told by a code. */
const TOLD: ReadonlySet<string> = new Set([
  'source.server-error',
  'source.throttled',
  'source.unreachable',
  'source.clock',
]);

/** The error of work that its signal ended: the signal's own reason when it is one of ours. */
export function cancelled(signal: AbortSignal): DayboardError {
  const reason: unknown = signal.reason;
  if (reason instanceof DayboardError) return reason;
  return new DayboardError({
    code: 'source.cancelled',
    kind: 'interrupted',
    message: 'Reading from the source was cancelled.',
    next: `${UNCHANGED} What has arrived is kept, and the next try goes on from there.`,
    cause: reason,
  });
}

/** Throws what `cancelled` gives when the signal has been aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}

/** An object's key and its place, safe to show and to keep as JSON in a database. */
export function objectFacts(place: string, object: Pick<SourceObject, 'key'>): ErrorFacts {
  return { key: printable(object.key), place };
}

/** Text of a stranger (a key, a server's message) with its control characters spelled out, at most 1,024 long. */
export function printable(text: string): string {
  const short = text.length > 1024 ? `${text.slice(0, 1023)}…` : text;
  return short
    .toWellFormed()
    .replaceAll(/\p{Control}/gu, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A transfer that ended early; trying again goes on where it stopped. */
export function interrupted(
  place: string,
  object: SourceObject,
  reason: string,
  cause?: unknown,
): DayboardError {
  return new DayboardError({
    code: 'source.interrupted',
    message: `The transfer of ${printable(object.key)} from ${place} broke off: ${reason}.`,
    facts: { ...objectFacts(place, object), reason },
    next: `${UNCHANGED} What has arrived is kept: try again, and it goes on from there.`,
    cause,
  });
}

export function objectMissing(
  place: string,
  object: Pick<SourceObject, 'key'>,
  cause?: unknown,
): DayboardError {
  return new DayboardError({
    code: 'source.object-missing',
    message: `There is no object ${printable(object.key)} in ${place}.`,
    facts: objectFacts(place, object),
    next: `${UNCHANGED} Ask whoever delivers it, and try again once it is there.`,
    cause,
  });
}

export function objectChanged(place: string, object: SourceObject, cause?: unknown): DayboardError {
  return new DayboardError({
    code: 'source.object-changed',
    message: `The object ${printable(object.key)} in ${place} is another one than was listed: it was replaced since.`,
    facts: { ...objectFacts(place, object), etag: printable(object.etag) },
    next: `${UNCHANGED} Plan again: the new listing has the new object.`,
    cause,
  });
}

/** The system's code of a failure: 'ENOENT', 'ECONNRESET'. */
export function systemCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
