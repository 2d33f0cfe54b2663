import type { Action } from './action.ts';
import { ACTIONS } from './list.ts';

/** How a key is written for people. */
export function keyLabel(key: string): string {
  const names: Record<string, string> = {
    up: '↑',
    down: '↓',
    left: '←',
    right: '→',
    pageup: 'PgUp',
    pagedown: 'PgDn',
    enter: 'Enter',
    esc: 'Esc',
    home: 'Home',
    end: 'End',
    tab: 'Tab',
    backspace: 'Backspace',
  };
  return names[key] ?? key;
}

const HEADINGS: Record<Action['group'], string> = {
  do: 'Do',
  select: 'Select',
  move: 'Move',
  look: 'Look',
  answer: 'Answer',
};

export function groupHeading(group: Action['group']): string {
  return HEADINGS[group];
}

/** The README's table of keys, in Markdown: made from the records, so that it cannot differ from them. */
export function keyTable(): string {
  const rows = ACTIONS.filter((action) => action.group !== 'answer').map((action) => {
    const keys = action.keys.map((key) => `\`${keyLabel(key)}\``).join(' ');
    return `| ${keys} | ${action.places.join(', ')} | ${action.help} |`;
  });
  return ['| keys | where | what |', '|---|---|---|', ...rows].join('\n');
}
