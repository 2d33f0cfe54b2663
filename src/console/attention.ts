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

  /** The keyboard with what the terminal says of the focus taken in as it is read; Ink passes over it. */
  keyboard(stdin: NodeJS.ReadStream): NodeJS.ReadStream {
    const read = (size?: number): unknown => {
      const chunk = stdin.read(size) as string | Buffer | null;
      if (chunk !== null) this.hears(chunk.toString());
      return chunk;
    };
    return new Proxy(stdin, {
      get(target, name) {
        if (name === 'read') return read;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  private hears(text: string): void {
    const gained = text.lastIndexOf('\u001b[I');
    const lost = text.lastIndexOf('\u001b[O');
    if (gained !== lost) this.focused = gained > lost;
  }

  /** Something ended that may be waited for. */
  ended(text: string): void {
    if (!this.focused) this.notify(text);
  }
}
