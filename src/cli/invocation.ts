import type { Globals } from './session.ts';

/** How dayboard was called, with what every command needs again to mean the same. */
export function invocationOf({ context, config }: Pick<Globals, 'context' | 'config'>): string {
  const words = ['dayboard'];
  if (context !== undefined) words.push('--context', context);
  if (config !== undefined) words.push('--config', config);
  return words.join(' ');
}

/** Commands that mean the same wherever they are called. */
const ANYWHERE = ['demo', 'init', 'completion', 'help'];

/** A text in which the commands that it tells to type are as they must be typed here: `dayboard runs follow 7`. */
export function asCalled(text: string, globals: Pick<Globals, 'context' | 'config'>): string {
  return text.replaceAll(/(?<=`)dayboard (?=([a-z]+))/g, (dayboard, command: string) =>
    ANYWHERE.includes(command) ? dayboard : `${invocationOf(globals)} `,
  );
}
