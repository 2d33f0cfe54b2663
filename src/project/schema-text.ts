import { CronPattern } from 'croner';
import { z } from 'zod';
import { unitOf } from './period.ts';
import { fragmentFault, type SqlFault, sqlFault } from './sql-text.ts';

/** The text of a problem: what is wrong, and what to do. */
export function problem(what: string, fix: string): string {
  return `${what} (fix: ${fix})`;
}

/** PostgreSQL cuts longer identifiers off silently. */
export const MAX_IDENTIFIER_BYTES = 63;
/** 'shadow_', 'origin_' or 'rollup_' stands before these names in dayboard's own tables, suffixes of indexes after. */
const MAX_NAME_BYTES = 48;

/** A name that commands take: no commas, blanks or capitals, and short enough for what is made of it. */
function name(pattern: RegExp): z.ZodString {
  return z
    .string()
    .regex(pattern, problem('is no name for commands', 'lower case letters, digits and "_", a letter first'))
    .refine(
      (text) => Buffer.byteLength(text) <= MAX_NAME_BYTES,
      problem(
        `is longer than ${MAX_NAME_BYTES} bytes`,
        "shorten it: dayboard's own tables are named after it",
      ),
    );
}

export const projectName = name(/^[a-z][a-z0-9_-]*$/);
/** A dataset, rollup, view, check or script. */
export const partName = name(/^[a-z][a-z0-9_]*$/);

/** The name of a relation, column or index as PostgreSQL has it; quoted wherever it is used. */
export const identifier = z
  .string()
  .min(1, problem('is empty', 'give it a name'))
  .regex(/^\P{Cc}*$/u, problem('has a control character', 'leave it out'))
  .refine(
    (text) => Buffer.byteLength(text) <= MAX_IDENTIFIER_BYTES,
    problem(`is longer than ${MAX_IDENTIFIER_BYTES} bytes, which PostgreSQL cuts off`, 'shorten it'),
  );

/** 'name' or 'schema.name'. */
export const relationText = z
  .string()
  .regex(/^[^.\p{Cc}]+(?:\.[^.\p{Cc}]+)?$/u, problem('names no relation', "write 'name' or 'schema.name'"));

/** The name of an environment variable; never what it holds. */
export const variableName = z
  .string()
  .regex(
    /^[A-Za-z_]\w*$/,
    problem('is no name of a variable', 'name the variable that holds the URL, not the URL'),
  );

const TYPE =
  /^[a-z_][\w.]*(?: precision| varying)?(?: ?\(\d+(?:, ?\d+)?\))?(?: with(?:out)? time zone)?(?:\[\])*$/i;

export const columnType = z
  .string()
  .regex(TYPE, problem('is no PostgreSQL type', "write one as in CREATE TABLE: 'text', 'numeric(12, 2)'"));

/** An IANA name. Offsets are refused: PostgreSQL reads their sign the other way round. */
export const timeZone = z
  .string()
  .refine(isTimeZone, problem('is no time zone', "write an IANA name: 'UTC', 'Europe/Paris'"));

/** Every dataset names one, and most name the same. */
const timeZones = new Map<string, boolean>();

function isTimeZone(text: string): boolean {
  const known = timeZones.get(text) ?? namesTimeZone(text);
  timeZones.set(text, known);
  return known;
}

function namesTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

export const timeOfDay = z
  .string()
  .regex(TIME, problem('is no time of day', "write hours and minutes: '01:00'"));

/** 'HH:MM' or a cron expression of five fields. */
export const scheduleTime = z
  .string()
  .refine(
    (text) => TIME.test(text) || isCron(text),
    problem(
      'is neither a time of day nor a cron expression',
      "write '01:00', or five fields: '30 1 * * 1-5'",
    ),
  );

function isCron(text: string): boolean {
  if (text.trim().split(/\s+/).length !== 5) return false;
  try {
    new CronPattern(text);
    return true;
  } catch {
    return false;
  }
}

/** Keys never become paths outside the cache, and only `{period}` tells deliveries apart. */
export const objectKey = z
  .string()
  .refine(
    (text) => text.includes('{period}'),
    problem('has no {period}', "write where the day stands: 'visits_{period}.csv'"),
  )
  .refine((text) => text.split('{period}').length <= 2, problem('has {period} twice', 'write it once'))
  .refine(
    (text) => !/^\/|(?:^|\/)\.{1,2}(?:\/|$)|\p{Cc}|\/\/|\/$/u.test(text),
    problem('is no plain key', 'no leading or doubled "/", no "." or ".." parts'),
  )
  .refine(
    (text) => !/\.(?:gz|zst)$/.test(text),
    problem('names a compressed variant', 'leave .gz and .zst out, they are found too'),
  );

export const period = z
  .string()
  .refine(
    (text) => unitOf(text) !== undefined,
    problem('is no period', "write '2024-11-14', '2024-W46', '2024-11' or '2024'"),
  );

const FAULTS: Record<SqlFault, string> = {
  empty: problem('is empty', 'write SQL'),
  semicolon: problem('has a semicolon', 'leave it out: one piece of SQL, without an end'),
  unfinished: problem('has a quote or comment that does not end', 'close it'),
  'line comment': problem('has a "--" comment, which would swallow what follows', 'write /* … */'),
};

function sqlText(faultOf: (text: string) => SqlFault | undefined): z.ZodString {
  return z.string().superRefine((text, context) => {
    const fault = faultOf(text);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: FAULTS[fault] });
  });
}

/** A condition or expression that is put inside a larger statement. */
export const sqlFragment = sqlText(fragmentFault);
/** A whole SELECT. */
export const sqlQuery = sqlText(sqlFault);
