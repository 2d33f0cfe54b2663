import { setTimeout as sleep } from 'node:timers/promises';
import { runWatched } from '../execute.ts';
import { type Command, fail, type Invocation } from './command.ts';

const SECOND = 1000;

interface Watching {
  /** Seconds between the runs. */
  interval: number;
  /** How often at most; without it until it fails. */
  count: number;
}

/** `\watch [SECONDS]` or `\watch [i=SECONDS] [c=COUNT]`: runs the statement again and again, until it fails. */
export const watch: Command = async (invocation) => {
  const { session, reading } = invocation;
  const watching = watchingOf(invocation);
  if (typeof watching === 'string') return fail(invocation, watching);
  const text = reading.scanner.text === '' ? reading.previous : reading.scanner.text;
  let ok = true;
  for (let run = 1; run <= watching.count; run += 1) {
    const heading = `${clock(new Date())} (every ${watching.interval}s)\n`;
    const title = session.settings.title === undefined ? heading : `${session.settings.title}\t${heading}`;
    ok = await runWatched(session, text, title);
    if (!ok) break;
    if (run < watching.count) await pause(watching.interval * SECOND, session.options.signal);
  }
  session.options.stdout('\n');
  reading.scanner.text = '';
  reading.scanner.reset();
  return ok ? 'ok' : 'failed';
};

/** Ends early when the script is cancelled. */
function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return sleep(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

function watchingOf(invocation: Invocation): Watching | string {
  const watching: Watching = { interval: 2, count: Number.POSITIVE_INFINITY };
  for (let next = invocation.argument({ semicolon: true }); next !== undefined; ) {
    const [, key = 'i', value = ''] = /^(?:([a-z_]+)=)?(.*)$/.exec(next.text) ?? [];
    const number = Number(value);
    if (key !== 'i' && key !== 'interval' && key !== 'c' && key !== 'count') {
      return `\\watch: unrecognized parameter "${next.text}"`;
    }
    if (value === '' || !(number >= 0)) return `\\watch: incorrect interval value "${value}"`;
    if (key.startsWith('i')) watching.interval = number;
    else watching.count = number;
    next = invocation.argument({ semicolon: true });
  }
  return watching;
}

/** `Mon Nov 23 06:58:03 2026` */
function clock(now: Date): string {
  const [day, month, date, year, time] = now.toString().split(' ');
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${time} ${year}`;
}
