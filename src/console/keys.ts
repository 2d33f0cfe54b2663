import type { Key } from 'ink';

const NAMED: Array<[keyof Key, string]> = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  // Most terminals send DEL for the key that says Backspace.
  ['delete', 'backspace'],
];

/**
 * Key names for what Ink read: 'i', 'G', 'space', 'enter', 'ctrl-d', 'shift-up'. Keys that came in one read (a held
 * key, a slow line) arrive as one text and become one name each.
 */
export function keyNames(input: string, key: Key): string[] {
  const named = NAMED.find(([flag]) => key[flag] === true)?.[1];
  if (named !== undefined) return [key.shift && isArrow(named) ? `shift-${named}` : named];
  if (key.meta) return [];
  if (key.ctrl) return input === '' ? [] : [`ctrl-${input}`];
  return Array.from(input)
    .map(characterName)
    .filter((name) => name !== '');
}

function isArrow(name: string): boolean {
  return name === 'up' || name === 'down' || name === 'left' || name === 'right';
}

function characterName(character: string): string {
  if (character === ' ') return 'space';
  if (character === '\r' || character === '\n') return 'enter';
  if (character === '\t') return 'tab';
  if (character === '\u007f' || character === '\b') return 'backspace';
  const code = character.codePointAt(0) ?? 0;
  return code < 32 ? `ctrl-${String.fromCodePoint(code + 96)}` : character;
}
