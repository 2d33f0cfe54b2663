import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CutProxy {
  /** The URL behind it, under the proxy's address. */
  url: string;
  close(): Promise<void>;
}

/**
 * Stands in front of a server and cuts each connection off, both ways, once so many bytes came from the server; or holds
 * it up there for good and says so.
 */
export function cutProxy(url: string, afterBytes: number, held?: () => void): Promise<CutProxy> {
  return proxy(url, (near, far, end) => {
    let bytes = 0;
    far.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes <= afterBytes) near.write(chunk);
      else if (held === undefined) end();
      else {
        far.pause();
        held();
      }
    });
  });
}

/** Stands in front of a server and hands on what it says in pieces of so many bytes, each in a turn of its own. */
export function drippingProxy(url: string, pieceBytes: number): Promise<CutProxy> {
  return proxy(url, (near, far) => {
    let said = Promise.resolve();
    far.on('data', (chunk: Buffer) => {
      for (let from = 0; from < chunk.length; from += pieceBytes) {
        const piece = chunk.subarray(from, from + pieceBytes);
        said = said.then(() => new Promise((next) => setImmediate(next))).then(() => void near.write(piece));
      }
    });
  });
}

type HandOn = (near: Socket, far: Socket, end: () => void) => void;

async function proxy(url: string, handOn: HandOn): Promise<CutProxy> {
  const behind = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(behind.port), behind.hostname);
    near.setNoDelay(true);
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    near.pipe(far);
    handOn(near, far, end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front = new URL(url);
  front.hostname = '127.0.0.1';
  front.port = String((server.address() as AddressInfo).port);
  return {
    url: front.href,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
