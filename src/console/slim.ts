// oxlint-disable-next-line no-control-regex
const SGR_RUN = /(?:\u001b\[[\d;]*m){2,}/gu;
// oxlint-disable-next-line no-control-regex
const NEXT_LINES = /(?:\u001b\[E){2,}/gu;

/** Which attribute a code sets or takes back; the last code of each is the one that counts. */
function attributeOf(code: number): string {
  if ((code >= 30 && code <= 39) || (code >= 90 && code <= 97)) return 'foreground';
  if ((code >= 40 && code <= 49) || (code >= 100 && code <= 107)) return 'background';
  const pairs: Record<number, string> = {
    3: 'italic',
    23: 'italic',
    4: 'underline',
    24: 'underline',
    7: 'inverse',
    27: 'inverse',
    9: 'strike',
    29: 'strike',
  };
  return pairs[code] ?? `code ${code}`;
}

/** A run of SGR sequences as one that leaves the terminal in the same state. */
function merged(run: string): string {
  const codes = run.slice(2, -1).split('m\u001b[').join(';').split(';').map(Number);
  let last = new Map<string, string>();
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) last = new Map([['reset', '0']]);
    else if (code === 38 || code === 48) {
      const length = codes[index + 1] === 5 ? 3 : 5;
      put(last, attributeOf(code), codes.slice(index, index + length).join(';'));
      index += length - 1;
    } else if (code === 22) {
      // Takes back bold and dim alike, which can be on together.
      last.delete('bold');
      last.delete('dim');
      put(last, 'normal', '22');
    } else put(last, code === 1 ? 'bold' : code === 2 ? 'dim' : attributeOf(code), String(code));
  }
  return `\u001b[${[...last.values()].join(';')}m`;
}

/** Set anew, it comes last: order matters between 22 and what it takes back. */
function put(codes: Map<string, string>, attribute: string, code: string): void {
  codes.delete(attribute);
  codes.set(attribute, code);
}

/**
 * The same drawing in fewer bytes. Where a line changes in its middle, Ink repeats every style before that place, and
 * it steps over unchanged lines one by one; over a slow line that is most of what a cursor move costs.
 */
export function slim(output: string): string {
  return output.replaceAll(SGR_RUN, merged).replaceAll(NEXT_LINES, (run) => `\u001b[${run.length / 3}E`);
}

/** A terminal stream that writes slimmer; everything else is the stream's own. */
export function slimStream(stdout: NodeJS.WriteStream): NodeJS.WriteStream {
  const write = (chunk: string | Uint8Array, ...rest: []): boolean =>
    stdout.write(typeof chunk === 'string' ? slim(chunk) : chunk, ...rest);
  return new Proxy(stdout, {
    get(target, name) {
      if (name === 'write') return write;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
