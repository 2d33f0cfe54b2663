/**
 * How a failure passes by itself: its connection is lost and another can be made, the server has no room now, or somebody
 * else's work was in the way. What is not named stays, and is not tried again.
 */
export type Passing = 'connection' | 'room' | 'in the way';

interface Row {
  /** A SQLSTATE or a class of them ('08*'), a system's code, an HTTP status or a code of S3. */
  codes: readonly string[];
  passes: Passing;
  /** Why another try may do. */
  because: string;
}

/**
 * Sources: PostgreSQL's appendix A (error codes), errno(3), the HTTP status codes of RFC 9110 and 6585, and S3's list of
 * error responses.
 */
export const PASSING: readonly Row[] = [
  { codes: ['08*'], passes: 'connection', because: 'the connection failed or broke off' },
  { codes: ['57P01', '57P02'], passes: 'connection', because: 'the server was stopped or crashed' },
  { codes: ['57P03'], passes: 'connection', because: 'the server is starting or stopping' },
  { codes: ['57P05'], passes: 'connection', because: 'the session was idle for too long' },
  { codes: ['53300'], passes: 'room', because: 'the server has no connection left' },
  { codes: ['40001'], passes: 'in the way', because: 'another transaction changed the same rows' },
  { codes: ['40P01'], passes: 'in the way', because: 'two transactions waited for each other' },
  { codes: ['55P03'], passes: 'in the way', because: 'somebody else holds a lock' },
  { codes: ['ECONNRESET', 'EPIPE'], passes: 'connection', because: 'the other end closed the connection' },
  { codes: ['ECONNREFUSED'], passes: 'connection', because: 'nothing listens there now' },
  {
    codes: ['ETIMEDOUT', 'ENETUNREACH', 'timeout', 'TimeoutError'],
    passes: 'connection',
    because: 'no answer came in time',
  },
  { codes: ['EAI_AGAIN'], passes: 'connection', because: 'the name could not be looked up now' },
  {
    codes: ['500', '502', '504', 'InternalError', 'RequestTimeout'],
    passes: 'connection',
    because: 'the storage service failed with an error of its own',
  },
  {
    codes: ['429', '503', 'SlowDown', 'ServiceUnavailable'],
    passes: 'room',
    because: 'the storage service asks for fewer requests',
  },
  {
    codes: ['RequestTimeTooSkewed', 'RequestExpired'],
    passes: 'connection',
    because: "the client has set its clock by the server's answer",
  },
];

/** How the failure with this code passes; undefined for one that stays. */
export function passes(code: string): Passing | undefined {
  return PASSING.find(({ codes }) =>
    codes.some((each) => each === code || (each.endsWith('*') && isOfClass(code, each.slice(0, -1)))),
  )?.passes;
}

function isOfClass(code: string, start: string): boolean {
  return code.length === 5 && code.startsWith(start);
}

/** Tries in all, the failed ones included. */
export const TRIES = 3;

/**
 * The pause after a failed try, in milliseconds: it grows with each, up to `most`, and is shortened by chance, so that all
 * who were turned away together do not come back together.
 *
 * @param attempt the failed try's number, from 1
 * @param chance from 0 to 1
 */
export function pauseAfter(
  attempt: number,
  { least, most, factor }: Pauses,
  chance: number = Math.random(),
): number {
  return Math.min(most, least * factor ** (attempt - 1)) * (0.5 + chance / 2);
}

export interface Pauses {
  least: number;
  most: number;
  /** How much longer each is than the one before. */
  factor: number;
}
