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
  return withoutPasswords(rest);
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
