import type { Environment } from './environment.ts';

const HIDDEN = '***';

/** Variables whose whole value is a secret. */
const SECRET_NAME = /PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|PRIVATE_KEY/i;

/** 'user:password@' of any URL. */
const USER_INFO = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@'"]*):[^\s/'"]*@/gi;

/** The password of a libpq connection string, or of a URL's query. */
const PASSWORD_PAIR = /\b(password|passwd|pgpassword)(\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s'"&]+)/gi;

/** Shorter values, and plain words, are found in texts that have nothing to do with them. */
const LEAST_LENGTH = 8;
const PLAIN_WORD = /^[a-z]+$/i;

/** What shows no password of a connection string, be it a URL or libpq's pairs. */
function withoutPasswords(text: string): string {
  if (!/:\/\/|passw/i.test(text)) return text;
  return text.replaceAll(USER_INFO, `$1:${HIDDEN}@`).replaceAll(PASSWORD_PAIR, `$1$2${HIDDEN}`);
}

/** The secrets of this process, the longest first: one may be part of another. */
let secrets: readonly string[] = [];

/**
 * Remembers, for as long as the process lives, what must not be shown: the passwords in URLs, and the values of
 * variables that hold secrets by their names. Values that are short or plain words are passed over, since words like
 * them are in every text.
 */
export function hideSecretsOf(env: Environment): void {
  const all = new Set([...secrets, ...secretValues(env)]);
  secrets = [...all].sort((a, b) => b.length - a.length);
}

/**
 * The last net before a text is shown or kept: without the passwords of connection strings and without the secrets of
 * this process, wherever a server, a library or a definition has put them into a text.
 */
export function redact(text: string): string {
  const found = secrets.some((value) => text.includes(value));
  const rest = found ? secrets.reduce((left, value) => left.replaceAll(value, HIDDEN), text) : text;
  return withoutPasswords(withoutCutSecrets(rest));
}

/** What a server puts where it cuts the line that it quotes. */
const CUT = '...';

/** So many letters of a secret beside a cut are no accident. */
const LEAST_PART = 4;

/** A secret that a quoted line begins or ends in the middle of is not found as a whole. */
function withoutCutSecrets(text: string): string {
  if (!text.includes(CUT)) return text;
  return text
    .split(CUT)
    .map((part, at, parts) => {
      const begun = at === parts.length - 1 ? part : withoutEnd(part);
      return at === 0 ? begun : withoutBeginning(begun);
    })
    .join(CUT);
}

function withoutEnd(part: string): string {
  const longest = Math.max(
    0,
    ...secrets.map((value) => sharedLength(value, (length) => part.endsWith(value.slice(0, length)))),
  );
  return longest === 0 ? part : part.slice(0, -longest) + HIDDEN;
}

function withoutBeginning(part: string): string {
  const longest = Math.max(
    0,
    ...secrets.map((value) => sharedLength(value, (length) => part.startsWith(value.slice(-length)))),
  );
  return HIDDEN.repeat(Math.min(longest, 1)) + part.slice(longest);
}

/** The most letters of a secret that are there, 0 when they are too few to tell. */
function sharedLength(value: string, isThere: (length: number) => boolean): number {
  for (let length = value.length - 1; length >= LEAST_PART; length -= 1) if (isThere(length)) return length;
  return 0;
}

/** A JSON value with each of its texts redacted; the very same value when there is nothing to take out. */
export function redacted<T>(value: T): T {
  const text = JSON.stringify(value);
  // JSON escapes quotes and backslashes only: one look at the whole spares a copy of what is clean.
  if (redact(text) === text) return value;
  return JSON.parse(text, (_, each: unknown) => (typeof each === 'string' ? redact(each) : each)) as T;
}

function secretValues(env: Environment): string[] {
  const found = new Set<string>();
  for (const [name, value = ''] of Object.entries(env)) {
    if (SECRET_NAME.test(name)) found.add(value.trim());
    const password = /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:([^\s/]*)@/i.exec(value)?.[1];
    if (password === undefined) continue;
    found.add(password).add(decoded(password));
  }
  return [...found].filter((value) => value.length >= LEAST_LENGTH && !PLAIN_WORD.test(value));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
