/** What a terminal tells besides keys. Positions count from 0. */
export interface TerminalTold {
  /** Its window gained or lost the focus. */
  onFocus?: (gained: boolean) => void;
  /** It was asked (ASK_BACKGROUND) and draws on this. */
  onBackground?: (background: 'dark' | 'light') => void;
  onMouse?: (event: MouseEvent) => void;
}

export interface MouseEvent {
  kind: 'click' | 'up' | 'down';
  column: number;
  row: number;
}

/** Asks the terminal for the colour that it draws on (OSC 11); those that do not know the question say nothing. */
export const ASK_BACKGROUND = '\u001b]11;?\u001b\\';

/** Buttons and the wheel, in the form that has no limit of columns (SGR). */
export const TELL_MOUSE = '\u001b[?1000h\u001b[?1006h';
export const TELL_NO_MOUSE = '\u001b[?1006l\u001b[?1000l';

// oxlint-disable no-control-regex
const BACKGROUND =
  /\u001b\]11;rgba?:([\da-f]+)\/([\da-f]+)\/([\da-f]+)[^\u0007\u001b]*(?:\u0007|\u001b\\)/giu;
const MOUSE = /\u001b\[<(\d+);(\d+);(\d+)([Mm])/gu;
/** The beginning of either at the end of what was read. A lone Esc is the key. */
const BEGUN = /\u001b(?:\]1?1?(?:;[^\u0007\u001b]*\u001b?)?|\[<[\d;]*)$/u;
// oxlint-enable no-control-regex

/** The button of a click; the wheel has two of its own. */
const BUTTONS: Readonly<Record<string, MouseEvent['kind']>> = { 0: 'click', 64: 'up', 65: 'down' };

/** Takes what the terminal tells out of what is read from it; the rest is keys. */
export class TerminalInput {
  private begun = '';
  private readonly told: TerminalTold;

  constructor(told: TerminalTold) {
    this.told = told;
  }

  /** The keyboard without what the terminal tells; of the focus Ink must hear, too, and passes over it. */
  keyboard(stdin: NodeJS.ReadStream): NodeJS.ReadStream {
    const read = (size?: number): unknown => {
      const chunk = stdin.read(size) as string | Buffer | null;
      if (chunk === null) return null;
      const keys = this.keys(chunk.toString());
      return typeof chunk === 'string' ? keys : Buffer.from(keys);
    };
    return new Proxy(stdin, {
      get(target, name) {
        if (name === 'read') return read;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  /** What of a text are keys; the rest is told. */
  keys(text: string): string {
    const { onFocus, onBackground, onMouse } = this.told;
    const whole = this.begun + text;
    const gained = whole.lastIndexOf('\u001b[I');
    const lost = whole.lastIndexOf('\u001b[O');
    if (gained !== lost) onFocus?.(gained > lost);
    const keys = whole
      .replaceAll(BACKGROUND, (_, ...rgb: string[]) => {
        onBackground?.(brightness(rgb.slice(0, 3)) > 0.5 ? 'light' : 'dark');
        return '';
      })
      .replaceAll(MOUSE, (_, button: string, column: string, row: string, end: string) => {
        const kind = end === 'M' ? BUTTONS[button] : undefined;
        if (kind !== undefined) onMouse?.({ kind, column: Number(column) - 1, row: Number(row) - 1 });
        return '';
      });
    this.begun = BEGUN.exec(keys)?.[0] ?? '';
    return keys.slice(0, keys.length - this.begun.length);
  }
}

/** From 0 to 1, as the eye weighs the colours (Rec. 709). */
function brightness(rgb: readonly string[]): number {
  const [red = 0, green = 0, blue = 0] = rgb.map(
    (part) => Number.parseInt(part, 16) / (16 ** part.length - 1),
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
