/** What a statement does, as far as its text tells; 'unknown' is known only when it runs. */
export const STATEMENT_CLASSES = ['read', 'write', 'ddl', 'destructive', 'session', 'unknown'] as const;
export type StatementClass = (typeof STATEMENT_CLASSES)[number];

/** One statement of a script, with the line that it begins in. */
export interface ScriptStatement {
  file: string;
  line: number;
  does: StatementClass;
  /** Its beginning, on one line. */
  text: string;
  /** Relations and functions that it names: 'public.visits', 'public.purge()'. */
  objects: string[];
}

/** What running a script would do. No secrets in here. */
export interface ScriptPlan {
  schema: 'dayboard.script/1';
  project: string;
  context: string;
  /** As it was asked for: a file, or the name of one of the project's scripts. */
  name: string;
  /** From the working directory on. */
  file: string;
  parameters: ScriptParameter[];
  /** SHA-256 of the script and of every file that it includes. */
  hash: string;
  /** The script and the files that it includes, as they are named there. */
  files: string[];
  statements: ScriptStatement[];
  /** Files of this side that `\copy` reads and writes. */
  copies: Array<{ file: string; line: number; direction: 'from' | 'to'; name: string }>;
  /** Those that were given; what looks like a secret is masked. */
  variables: Record<string, string>;
  /** Variables that it names and that nothing gives a value to, as far as its text tells. */
  unset: string[];
  singleTransaction: boolean;
  onError: OnError;
  /** Why it cannot run in this context; nothing is run then. */
  refused: string[];
  /** The same thing as a command line. */
  cli: string;
}

/** What an error does to the rest of the script. */
export const ON_ERROR = ['stop', 'continue'] as const;
export type OnError = (typeof ON_ERROR)[number];

/** What the ledger keeps of a script's run. */
export interface ScriptRecord {
  script: string;
  hash: string;
  variables: Record<string, string>;
  /** psql's exit code; undefined while it runs, and when its process was lost. */
  exitCode?: number;
  /** The end of what it wrote, messages among it; secrets are masked. */
  output: string;
  /** How much it wrote, in bytes. */
  outputBytes: number;
}

/** Variables that a script is given. */
export type ScriptVariables = ReadonlyArray<readonly [name: string, value: string]>;

export const SCRIPT_PARAMETER_TYPES = ['date', 'text', 'integer'] as const;

/** A variable that a script declares. */
export interface ScriptParameter {
  name: string;
  type: (typeof SCRIPT_PARAMETER_TYPES)[number];
  description: string;
  /** Its value is shown and kept nowhere. */
  secret?: true;
  /** Without it somebody must give one. */
  default?: string;
}

/** A script of the project, with what it says of itself and how it went. */
export interface ScriptSummary {
  name: string;
  description: string;
  /** Absolute. */
  file: string;
  parameters: ScriptParameter[];
  /** Why it cannot be run: its file is not there, or a parameter is declared wrongly. */
  problem?: string;
  lastRun?: { id: string; state: string; startedAt: string; by: string };
  /** How long its last runs took that ended well, in seconds, oldest first. */
  seconds: number[];
}

const SECRET = /pass(word|wd|phrase)?|secret|token|credential|api_?key|private_?key/i;
const MASK = '***';

/** Variables as they may be shown and kept. */
export function maskedVariables(
  variables: ScriptVariables,
  secrets: ReadonlySet<string> = new Set(),
): Record<string, string> {
  return Object.fromEntries(
    variables.map(([name, value]) => [name, isSecret(name, secrets) ? MASK : value] as const),
  );
}

/** By its declaration, or by its name. */
function isSecret(name: string, secrets: ReadonlySet<string>): boolean {
  return secrets.has(name) || SECRET.test(name);
}

/** A text without the values of variables that look like secrets. */
export function withoutSecrets(
  text: string,
  variables: ScriptVariables,
  secrets: ReadonlySet<string> = new Set(),
): string {
  return variables
    .filter(([name, value]) => isSecret(name, secrets) && value !== '')
    .reduce((masked, [, value]) => masked.replaceAll(value, MASK), text);
}
