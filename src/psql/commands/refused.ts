const NO_PROGRAMS = 'dayboard starts no programs for scripts';
const NO_TERMINAL = 'it needs somebody at a terminal';

/** Commands of psql that dayboard does not run, and why. */
export const REFUSED: Readonly<Record<string, string>> = {
  '!': NO_PROGRAMS,
  c: 'the connection is that of the chosen context',
  connect: 'the connection is that of the chosen context',
  conninfo: 'the connection is that of the chosen context',
  e: NO_TERMINAL,
  edit: NO_TERMINAL,
  ef: NO_TERMINAL,
  ev: NO_TERMINAL,
  h: NO_TERMINAL,
  help: NO_TERMINAL,
  '?': NO_TERMINAL,
  s: NO_TERMINAL,
  password: NO_TERMINAL,
  prompt: 'give the variable with -v instead',
  w: 'write results with \\o or \\g FILE',
  write: 'write results with \\o or \\g FILE',
  lo_export: 'large objects are left to psql',
  lo_import: 'large objects are left to psql',
  lo_list: 'large objects are left to psql',
  lo_unlink: 'large objects are left to psql',
};

/** What a script is told that uses such a command. */
export function refusal(name: string, why: string): string {
  return `\\${name}: not run by dayboard: ${why}`;
}
