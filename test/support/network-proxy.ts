import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How the network between a client and a server is. Without anything, bytes pass as they come. */
export interface Conditions {
  /** Milliseconds that each piece is on its way, in either direction. */
  latency?: number;
  /** Bytes in a second, in either direction. */
  bandwidth?: number;
}

export interface NetworkProxy extends AsyncDisposable {
  /** The URL behind it, under the proxy's address. */
  url: string;
  /** Bytes that servers have sent through it so far. */
  received(): number;
  /** From now on nothing of what is said reaches the other end of connections there are, and neither is told. */
  hush(): void;
  /** Every connection there is ends at once. */
  cut(): void;
}

/** Stands between clients and a server of any protocol over TCP; `heard` is told of each piece that a client sends. */
export async function networkProxy(
  url: string,
  { latency = 0, bandwidth = Number.POSITIVE_INFINITY }: Conditions,
  heard: (piece: string, proxy: NetworkProxy) => void = () => undefined,
): Promise<NetworkProxy> {
  const behind = new URL(url);
  const links = new Set<{ near: Socket; far: Socket; isHushed: boolean }>();
  let received = 0;
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: Number(behind.port), host: behind.hostname, noDelay: true });
    const link = { near, far, isHushed: false };
    links.add(link);
    const end = (): void => {
      links.delete(link);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    const handOn = (from: Socket, to: Socket, told: (piece: Buffer) => void): void => {
      let turn = Promise.resolve();
      from.on('data', (piece: Buffer) => {
        // What waits in a slow network does not wait in our memory.
        from.pause();
        turn = turn.then(async () => {
          const wait = latency + (1000 * piece.length) / bandwidth;
          if (wait > 0) await delay(wait);
          told(piece);
          if (!link.isHushed && !to.destroyed) to.write(piece);
          from.resume();
        });
      });
    };
    handOn(near, far, (piece) => heard(piece.toString('latin1'), proxy));
    handOn(far, near, (piece) => {
      received += piece.length;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front = new URL(url);
  front.hostname = '127.0.0.1';
  front.port = String((server.address() as AddressInfo).port);
  const cut = (): void => {
    for (const { near, far } of links) {
      near.resetAndDestroy();
      far.destroy();
    }
  };
  const proxy: NetworkProxy = {
    url: front.href,
    received: () => received,
    hush: () => {
      for (const link of links) link.isHushed = true;
    },
    cut,
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
