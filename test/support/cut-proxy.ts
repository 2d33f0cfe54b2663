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
export async function cutProxy(url: string, afterBytes: number, held?: () => void): Promise<CutProxy> {
  const behind = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(behind.port), behind.hostname);
    let bytes = 0;
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    near.pipe(far);
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
