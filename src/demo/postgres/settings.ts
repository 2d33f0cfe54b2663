import { DayboardError } from '../../project/errors.ts';

/** Server settings by name, as in postgresql.conf. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

/** For a demo on a laptop: durable, and gentle with memory and disk. */
const DEFAULTS: Settings = {
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  log_line_prefix: '%m [%p] ',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  min_wal_size: '80MB',
};

/** What no caller may change: the server is for this machine alone, its log goes where the supervisor reads. */
function fixed(port: number): Settings {
  return {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    logging_collector: false,
    log_destination: 'stderr',
    password_encryption: 'scram-sha-256',
  };
}

/**
 * The command line of `postgres`: `settings` over the defaults, and over both what keeps the server private.
 * Errors: demo.postgres-setting (a name that is none, or one that is not the caller's to set).
 */
export function serverArguments(data: string, port: number, settings: Settings): string[] {
  const own = fixed(port);
  for (const name of Object.keys(settings)) {
    if (/^[a-z_][a-z0-9_.]*$/i.test(name) && !(name.toLowerCase() in own)) continue;
    throw new DayboardError({
      code: 'demo.postgres-setting',
      message: `"${name}" cannot be set on the embedded PostgreSQL.`,
      facts: { setting: name },
      next: `Leave it out: ${Object.keys(own).join(', ')} are dayboard's own, and names are as in postgresql.conf.`,
      kind: 'usage',
    });
  }
  const all = { ...DEFAULTS, ...settings, ...own };
  return ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${spelled(value)}`])];
}

function spelled(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}
