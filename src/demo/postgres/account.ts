import { DayboardError } from '../../project/errors.ts';
import { type Account, type Environment, run } from './processes.ts';

/** Finds a user of the machine by name. */
export type AccountLookup = (name: string) => Promise<Account | undefined>;

/** The users that the server may run as when dayboard itself runs as root, best first. */
const CANDIDATES = ['postgres', 'nobody'];

/** Looks a user up with `id`, which also knows users that are not in /etc/passwd (LDAP, macOS). */
export function systemAccounts(env: Environment): AccountLookup {
  return async (name) => {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => {
        const answer = await run(undefined, env, 'id', [flag, name]);
        return answer.code === 0 ? Number(answer.stdout.trim()) : Number.NaN;
      }),
    );
    if (uid === undefined || gid === undefined || Number.isNaN(uid) || Number.isNaN(gid)) return undefined;
    return { name, uid, gid };
  };
}

/**
 * The user that PostgreSQL runs as: undefined is "ourselves". PostgreSQL refuses to run as root, so root
 * lends it `postgres`, else `nobody`. No user is ever created.
 * Errors: demo.postgres-no-account.
 */
export async function serverAccount(
  ownUid: number | undefined,
  lookup: AccountLookup,
): Promise<Account | undefined> {
  if (ownUid !== 0) return undefined;
  for (const name of CANDIDATES) {
    const account = await lookup(name);
    if (account !== undefined && account.uid !== 0) return account;
  }
  throw new DayboardError({
    code: 'demo.postgres-no-account',
    message:
      'PostgreSQL refuses to run as root, and this machine has neither a user "postgres" nor a user "nobody" ' +
      'to run it as. No user was created and nothing was started.',
    next: 'Run dayboard as a normal user, or create a user for the server: useradd --system postgres',
  });
}
