import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An S3 service that only lists, and only these keys. */
export interface KeyServer {
  endpoint: string;
  /** Pages that were asked for. */
  readonly pages: number;
  /** Pages from now on are answered; until then they wait. */
  open(): void;
  close(): void;
}

/** @param keys sorted */
export async function serveKeys(keys: readonly string[]): Promise<KeyServer> {
  let pages = 0;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const server = createServer((request, response) => {
    pages += 1;
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    void opened.then(() => {
      response.setHeader('content-type', 'application/xml');
      response.end(page(keys, query));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    get pages() {
      return pages;
    },
    open,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function page(keys: readonly string[], query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const most = Number(query.get('max-keys') ?? 1000);
  const from = firstFrom(keys, after > prefix ? after : prefix, after);
  const shown: string[] = [];
  let at = from;
  while (at < keys.length && shown.length < most && (keys[at] as string).startsWith(prefix))
    shown.push(keys[at++] as string);
  const more = at < keys.length && (keys[at] as string).startsWith(prefix);
  const contents = shown.map(
    (key) =>
      `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>2026-01-01T00:20:00.000Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>1000000</Size></Contents>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${contents.join('')}${
    more ? `<NextContinuationToken>${shown.at(-1) ?? ''}</NextContinuationToken>` : ''
  }</ListBucketResult>`;
}

/** The place of the first key from `least` on that comes after `after`. */
function firstFrom(keys: readonly string[], least: string, after: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const key = keys[middle] as string;
    if (key < least || key === after) low = middle + 1;
    else high = middle;
  }
  return low;
}
