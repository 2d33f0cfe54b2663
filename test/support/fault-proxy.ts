import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * What becomes of a piece of what a client sends: it goes on to the server; it does not, and the connection is cut; or it
 * does, and the connection is cut before any answer. The last two also for every connection there is.
 */
export type Fate = 'pass' | 'cut' | 'cut all' | 'deliver and cut' | 'deliver and cut all';

export interface FaultProxy extends AsyncDisposable {
  /** The URL behind it, under the proxy's address. */
  url: string;
}

/**
 * Stands between clients and a server, and cuts connections as a network does. `fate` is asked for each piece that a
 * client sends, with all that it sent before (the last 64 KiB of it).
 */
export async function faultProxy(
  url: string,
  fate: (sent: string, before: string) => Fate,
): Promise<FaultProxy> {
  const behind = new URL(url);
  const ends = new Set<() => void>();
  const server = createServer((near) => {
    const far = connect(Number(behind.port), behind.hostname);
    let before = '';
    const end = (): void => {
      near.destroy();
      // What was sent to the server arrives.
      far.end();
      ends.delete(end);
    };
    ends.add(end);
    for (const socket of [near, far] satisfies Socket[]) socket.on('error', end).on('close', end);
    far.pipe(near);
    near.on('data', (chunk) => {
      const sent = chunk.toString('latin1');
      const what = fate(sent, before);
      before = (before + sent).slice(-65_536);
      if (what === 'pass' || what.startsWith('deliver')) far.write(chunk);
      if (what === 'cut' || what === 'deliver and cut') end();
      if (what === 'cut all' || what === 'deliver and cut all') for (const each of ends) each();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front = new URL(url);
  front.hostname = '127.0.0.1';
  front.port = String((server.address() as AddressInfo).port);
  return {
    url: front.href,
    [Symbol.asyncDispose]: async () => {
      for (const each of ends) each();
      server.close();
      await once(server, 'close');
    },
  };
}
