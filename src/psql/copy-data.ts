import type { CopySource } from './connection.ts';
import type { Session } from './session.ts';

const END = /^\\\.\r?\n?$/;
const PIECE = 64 * 1024;

/** The lines of the script that follow a COPY … FROM STDIN, up to `\.` or the end of the file. */
export function inlineCopyData(session: Session): CopySource {
  const { source } = session;
  let ended = source === undefined;
  return async () => {
    const lines: Buffer[] = [];
    for (let size = 0; !ended && size < PIECE; ) {
      const line = source?.next();
      if (line === undefined || isEnd(line)) ended = true;
      else {
        lines.push(line);
        size += line.length;
      }
    }
    return lines.length === 0 ? undefined : Buffer.concat(lines);
  };
}

function isEnd(line: Buffer): boolean {
  return line.length <= 4 && END.test(line.toString('latin1'));
}
