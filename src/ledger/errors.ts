import { DayboardError, type ErrorFacts, type ErrorParts } from '../project/errors.ts';
import { type Passing, passes } from '../project/passing.ts';
import { tlsReason, type TlsReason } from '../project/tls-reasons.ts';

/** SQLSTATE or system code of a thrown thing. */
export function errorCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** True when the connection is gone, so that nothing more can be asked on it. */
export function isConnectionLoss(thrown: unknown): boolean {
  if (thrown instanceof DayboardError) return isConnectionLoss(thrown.cause);
  if (passes(errorCode(thrown) ?? '') === 'connection') return true;
  return thrown instanceof Error && LOST.test(thrown.message);
}

/** How a failure of the database passes by itself, as it was thrown or as something that tells of it; undefined for others. */
export function passingFailure(thrown: unknown): Passing | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const state = thrown instanceof DayboardError ? thrown.facts['sqlstate'] : errorCode(thrown);
  const found = passes(String(state ?? '')) ?? (isConnectionLoss(thrown) ? 'connection' : undefined);
  return found ?? passingFailure(thrown.cause);
}

/** What the driver says of a connection that is gone. */
const LOST = /Connection terminated|Client has encountered a connection error|not queryable/;

/** A PostgreSQL or network failure as a DayboardError 'database.…', with the SQLSTATE and what to do. */
export function databaseError(thrown: unknown, facts: ErrorFacts = {}): DayboardError {
  if (thrown instanceof DayboardError) return thrown.with(facts);
  const code = errorCode(thrown);
  const text = thrown instanceof Error ? thrown.message + dependents(thrown) : String(thrown);
  const where = facts['database'] === undefined ? '' : ` (${String(facts['database'])})`;
  const parts = explain(code, text, where);
  return new DayboardError({
    ...parts,
    facts: { ...facts, ...(code === undefined ? {} : { sqlstate: code }) },
    cause: thrown,
  });
}

/** Which objects depend on one that cannot be dropped: PostgreSQL tells them in the detail alone. */
function dependents(thrown: Error): string {
  const detail = (thrown as { detail?: unknown }).detail;
  return errorCode(thrown) === '2BP01' && typeof detail === 'string'
    ? `: ${detail.replaceAll('\n', '; ')}`
    : '';
}

/** PostgreSQL has one SQLSTATE for statements that took too long and for those that somebody ended. */
function cancelledStatement(text: string, where: string): Pick<ErrorParts, 'code' | 'message' | 'next'> {
  if (/statement timeout/.test(text))
    return {
      code: 'database.statement-timeout',
      message: `A statement took longer than it may and was ended${where}.`,
      next: 'Raise the limit: the timeout of the check that took so long, or statement_timeout of this role or database. What was not finished was rolled back.',
    };
  return {
    code: 'database.cancelled',
    message: /user request/.test(text)
      ? `An administrator, or another session, cancelled a statement${where}.`
      : `The server ended a statement: ${text}${where}.`,
    next: "What was not finished was rolled back. Run it again; the server's log says who cancelled it.",
  };
}

const TLS_ADVICE: Readonly<Record<TlsReason['kind'], string>> = {
  authority:
    'Give the certificate of the authority that signed it with sslrootcert=FILE in DATABASE_URL (or PGSSLROOTCERT, or NODE_EXTRA_CA_CERTS). Only if this host may stay unverified, say sslmode=require there. Nothing was sent to it.',
  time: "Have the server's certificate renewed, and check this machine's clock. Nothing was sent to it.",
  name: 'Use the host name that the certificate is for. Where only its authority shall be verified, say sslmode=verify-ca in DATABASE_URL. Nothing was sent to it.',
  revoked: "Have the server's certificate renewed. Nothing was sent to it.",
};

function explainTls(
  code: string,
  text: string,
  where: string,
): Pick<ErrorParts, 'code' | 'message' | 'next'> | undefined {
  const reason = tlsReason(code);
  if (reason !== undefined) {
    return {
      code: 'database.tls',
      message: `The certificate of the database's server was not accepted${where}: ${reason.words} (${code}).`,
      next: TLS_ADVICE[reason.kind],
    };
  }
  if (/does not support SSL/.test(text)) {
    return {
      code: 'database.tls',
      message: `The database's server speaks no TLS${where}, and TLS is demanded.`,
      next: 'Switch TLS on at the server. Only where nobody can listen in between, say sslmode=disable in DATABASE_URL. Nothing was sent to it.',
    };
  }
  if (!/certificate|SSL|TLS/i.test(`${code} ${text}`)) return undefined;
  return {
    code: 'database.tls',
    message: `No TLS connection to the database's server could be made${where}: ${text}.`,
    next: 'Check host and port in DATABASE_URL, and the TLS settings of the server. Nothing was sent to it.',
  };
}

function explain(
  code: string | undefined,
  text: string,
  where: string,
): Pick<ErrorParts, 'code' | 'message' | 'next'> {
  switch (code ?? '') {
    case '28P01':
    case '28000':
      return {
        code: 'database.credentials',
        message: `PostgreSQL refused the user or password${where}.`,
        next: 'Check the user and password in DATABASE_URL (or PGUSER, PGPASSWORD, .pgpass). Nothing was changed.',
      };
    case '3D000':
      return {
        code: 'database.missing',
        message: `The database does not exist${where}.`,
        next: 'Check the name at the end of DATABASE_URL, or create the database. Nothing was changed.',
      };
    case '42501':
      return {
        code: 'database.permission',
        message: `PostgreSQL refused: ${text}${where}.`,
        next: 'Run `dayboard doctor`: it names each missing right with the GRANT that gives it.',
      };
    case '25006':
      return {
        code: 'database.read-only',
        message: 'The session is read-only, and the server refused to write.',
        next: 'Choose a context that may write. Nothing was changed.',
      };
    case '2BP01':
      return {
        code: 'database.depended-on',
        message: `${text}${where}.`,
        next: 'Drop or move what depends on it, run this again, and make it anew. Nothing was changed.',
      };
    case '3F000':
      return {
        code: 'database.schema-missing',
        message: `${text}${where}.`,
        next: 'Create the schema, or name another in the definition.',
      };
    case '53300':
      return {
        code: 'database.too-many-connections',
        message: `PostgreSQL has no connection left${where}.`,
        next: 'Lower --concurrency, or wait until other sessions end.',
      };
    case '57P03':
      return {
        code: 'database.starting',
        message: `PostgreSQL is starting up or shutting down${where}.`,
        next: 'Try again in a few seconds.',
      };
    case '53100':
      return {
        code: 'database.disk-full',
        message: `The database server's disk is full: ${text}.`,
        next: 'Free space on the server. What was published is as it was.',
      };
    case '55P03':
      return {
        code: 'database.lock-timeout',
        message: `Another session holds a lock that was needed: ${text}.`,
        next: 'Try again when it has ended; `pg_stat_activity` shows who it is.',
      };
    case '40P01':
      return {
        code: 'database.deadlock',
        message: `Another session and this one waited for each other's locks, and the server ended this one's statement: ${text}${where}.`,
        next: 'What was not finished was rolled back: run it again. The server log names the other session.',
      };
    case '40001':
      return {
        code: 'database.serialization',
        message: `Another session changed the same rows at the same time: ${text}${where}.`,
        next: 'What was not finished was rolled back: run it again.',
      };
    case '57014':
      return cancelledStatement(text, where);
    case '42P17':
      return {
        code: 'database.definition',
        message: `PostgreSQL does not take what the definition asks for: ${text}${where}.`,
        next: 'Change the definition of the relation that it names (an index, a partition or a view). What was published before is as it was.',
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        code: 'database.unreachable',
        message: `The database's host name is not known${where}.`,
        next: 'Check the host in DATABASE_URL, and the network or tunnel.',
      };
    case 'ECONNREFUSED':
      return {
        code: 'database.unreachable',
        message: `Nothing answers at the database's address${where}.`,
        next: 'Check host and port in DATABASE_URL, and that the server or tunnel is up.',
      };
    case 'ETIMEDOUT':
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return {
        code: 'database.unreachable',
        message: `The database's host cannot be reached${where}.`,
        next: 'Check the network, the tunnel and the firewall.',
      };
  }
  return (
    explainConnection(code, text, where) ?? {
      code: 'database.error',
      message: `${text}${where}`,
      next: 'What was published before is as it was.',
    }
  );
}

/** A failure that the server told has an SQLSTATE; the words of those may be a definition's, or a row's. */
function isSqlState(code: string | undefined): boolean {
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code);
}

function explainConnection(
  code: string | undefined,
  text: string,
  where: string,
): Pick<ErrorParts, 'code' | 'message' | 'next'> | undefined {
  const told = isSqlState(code);
  if (!told && /timeout expired|connection timeout/i.test(text)) {
    return {
      code: 'database.unreachable',
      message: `The database did not answer in time${where}.`,
      next: 'Check the network, the tunnel and the firewall.',
    };
  }
  const refused = told ? undefined : explainTls(code ?? '', text, where);
  if (refused !== undefined) return refused;
  // pg's words for a server that asks for a password where none is given.
  if (!told && /client password must be a/.test(text)) {
    return {
      code: 'database.credentials',
      message: `PostgreSQL asks for a password, and there is none${where}.`,
      next: 'Give it in the URL of this database, or for the one of DATABASE_URL in PGPASSWORD or .pgpass. Nothing was changed.',
    };
  }
  if (isConnectionLoss({ code }) || (!told && LOST.test(text))) {
    return {
      code: 'database.connection-lost',
      message: `The connection to PostgreSQL was lost${where}.`,
      next: 'What was not finished was rolled back; run it again when the server is back.',
    };
  }
  return undefined;
}
