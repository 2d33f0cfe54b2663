import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const CORPUS = join(import.meta.dirname, '..', 'corpus');
/** Fills the database that every script begins with. */
export const TEMPLATE = join(CORPUS, 'template.sql');
/** What lies beside every script when it runs. */
export const FILES = join(CORPUS, 'files');

/** A script that is run through psql and through dayboard. */
export interface Script {
  /** The file it stands in: a feature of the dialect. */
  feature: string;
  name: string;
  text: string;
  /** Of the command line: `-v name=value`, `-1`, `-q`, … */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  stdin: string;
  /** The first psql that knows what it uses. */
  since: number;
}

const HEADING = /^--# ?(.*)$/;

/**
 * The corpus: in each file scripts begin with `--# name`. After bars stand `args: …`, `env: NAME=value`,
 * `stdin: …`, `psql: N` (needs psql N), and how the bytes differ from the text: `crlf`, `bom`, `no-newline`.
 */
export function corpus(): Script[] {
  return readdirSync(CORPUS)
    .filter((file) => file.endsWith('.sql') && file !== basename(TEMPLATE))
    .sort()
    .flatMap((file) => scriptsOf(basename(file, '.sql'), readFileSync(join(CORPUS, file), 'utf8')));
}

function scriptsOf(feature: string, text: string): Script[] {
  const scripts: Script[] = [];
  let lines: string[] = [];
  let heading: string | undefined;
  const close = (): void => {
    if (heading !== undefined) scripts.push(scriptOf(feature, heading, lines));
    lines = [];
  };
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const found = HEADING.exec(line);
    if (found === null) lines.push(line);
    else {
      close();
      heading = found[1] ?? '';
    }
  }
  close();
  return scripts;
}

function scriptOf(feature: string, heading: string, lines: readonly string[]): Script {
  const [name = '', ...options] = heading.split(' | ').map((part) => part.trim());
  const value = (key: string): string | undefined =>
    options
      .find((option) => option.startsWith(`${key}:`))
      ?.slice(key.length + 1)
      .trim();
  const ending = options.includes('crlf') ? '\r\n' : '\n';
  const last = options.includes('no-newline') || lines.length === 0 ? '' : ending;
  const variable = value('env');
  const equals = variable?.indexOf('=') ?? -1;
  const stdin = value('stdin');
  return {
    feature,
    name,
    text: (options.includes('bom') ? '\uFEFF' : '') + lines.join(ending) + last,
    args: words(value('args') ?? ''),
    env: variable === undefined ? {} : { [variable.slice(0, equals)]: variable.slice(equals + 1) },
    stdin: stdin === undefined ? '' : `${stdin}\n`,
    since: Number(value('psql') ?? 15),
  };
}

/** Words as a shell parts them; double quotes keep spaces. */
function words(text: string): string[] {
  return (text.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''));
}
