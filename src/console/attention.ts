import { clean } from './clean.ts';

/** Asks the terminal to tell when its window gains and loses the focus, and no longer. */
export const TELL_FOCUS = '\u001b[?1004h';
export const TELL_NO_FOCUS = '\u001b[?1004l';

/**
 * A bell, and a notification in the two forms that terminals know (OSC 9 of iTerm2, kitty and others, OSC 777 of rxvt,
 * foot and others). Those that know neither show nothing of them.
 */
export function notification(text: string): string {
  const safe = clean(text).replaceAll(';', ',');
  return `\u0007\u001b]9;dayboard: ${safe}\u0007\u001b]777;notify;dayboard;${safe}\u0007`;
}

/** Whether somebody looks: as the terminal tells, and until it tells anything somebody does. */
export class Attention {
  private focused = true;
  private readonly notify: (text: string) => void;

  constructor(notify: (text: string) => void) {
    this.notify = notify;
  }

  hears(gained: boolean): void {
    this.focused = gained;
  }

  /** Something ended that may be waited for. */
  ended(text: string): void {
    if (!this.focused) this.notify(text);
  }
}
