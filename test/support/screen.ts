import xterm from '@xterm/headless';
import { toSvg } from './svg.ts';

/** What is waited for: a text anywhere on the screen, a pattern over its lines, or a condition on them. */
export type Awaited = string | RegExp | ((screen: string[]) => boolean);

/** A virtual terminal: what is written to it can be read as a person would see it. */
export class VirtualScreen {
  readonly terminal: xterm.Terminal;
  /** Everything that was written, for questions about bytes. */
  written = 0;
  private readonly watchers = new Set<() => void>();
  private ended: string | undefined;
  /** Between the beginning and the end of a synchronized update (mode 2026): the screen is half drawn. */
  private drawing = false;
  private cursorHidden = false;

  constructor(cols: number, rows: number) {
    this.terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 1000 });
    this.terminal.onWriteParsed(() => this.changed());
    this.followFrames('h', true);
    this.followFrames('l', false);
  }

  private followFrames(final: 'h' | 'l', begins: boolean): void {
    this.terminal.parser.registerCsiHandler({ prefix: '?', final }, (parameters) => {
      if (parameters.includes(25)) this.cursorHidden = !begins;
      if (parameters.includes(2026)) {
        this.drawing = begins;
        // Frames that arrive together are parsed in one go: each is looked at, also one that the next one takes away.
        if (!begins) this.changed();
      }
      return false;
    });
  }

  write(data: string): void {
    this.written += Buffer.byteLength(data);
    this.terminal.write(data);
  }

  /** The lines that are shown, without trailing blanks. */
  lines(): string[] {
    const { active } = this.terminal.buffer;
    return Array.from(
      { length: this.terminal.rows },
      (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? '',
    );
  }

  /**
   * Nothing will be written any more: who waits for something that is not shown by then waits in vain. Resolves when
   * the screen shows everything that was written.
   */
  end(reason: string): Promise<void> {
    return new Promise((resolve) =>
      this.terminal.write('', () => {
        this.ended = reason;
        this.changed();
        resolve();
      }),
    );
  }

  svg(): string {
    return toSvg(this.terminal);
  }

  /** What a program has switched on and not off again, by name; nothing in a terminal as a shell wants it. */
  leftOn(): string[] {
    const { buffer, modes } = this.terminal;
    const on = {
      'alternate screen': buffer.active.type === 'alternate',
      'hidden cursor': this.cursorHidden,
      'bracketed paste': modes.bracketedPasteMode,
      'focus reports': modes.sendFocusMode,
      'mouse reports': modes.mouseTrackingMode !== 'none',
      'application cursor keys': modes.applicationCursorKeysMode,
    };
    return Object.entries(on).flatMap(([name, isOn]) => (isOn ? [name] : []));
  }

  /** Those who wait look again; also called when something else that they ask for may have changed. */
  changed(): void {
    for (const watcher of this.watchers) watcher();
  }

  /** Resolves with the screen as soon as it shows what is awaited; fails with the screen as it is then. */
  waitFor(awaited: Awaited, timeoutMs = 20_000): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.drawing && this.ended === undefined) return;
        const lines = this.lines();
        if (shows(lines, awaited)) resolve(lines);
        else if (this.ended !== undefined)
          reject(
            new Error(`${this.ended} It never showed ${describe(awaited)}. It shows:\n${lines.join('\n')}`),
          );
        else return;
        stop();
      };
      const timer = setTimeout(() => {
        stop();
        reject(
          new Error(
            `The screen did not show ${describe(awaited)} within ${timeoutMs} ms. It shows:\n${this.lines().join('\n')}`,
          ),
        );
      }, timeoutMs);
      const stop = () => {
        clearTimeout(timer);
        this.watchers.delete(look);
      };
      this.watchers.add(look);
      look();
    });
  }
}

function shows(lines: string[], awaited: Awaited): boolean {
  if (typeof awaited === 'function') return awaited(lines);
  const text = lines.join('\n');
  return typeof awaited === 'string' ? text.includes(awaited) : awaited.test(text);
}

function describe(awaited: Awaited): string {
  return typeof awaited === 'function' ? 'what was waited for' : String(awaited);
}
