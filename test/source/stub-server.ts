import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server that answers whatever the test wants, whoever asks. Returns its URL; it ends with the test. */
export async function startStub(answer: RequestListener, options: { tls?: boolean } = {}): Promise<string> {
  const server = options.tls
    ? createTlsServer({ key: KEY, cert: CERTIFICATE }, answer)
    : createServer(answer);
  await listen(server);
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `${options.tls ? 'https' : 'http'}://localhost:${portOf(server)}`;
}

export async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

// Made for these tests, for 'localhost', signed by itself, valid from 2020 to 2120.
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxJTu37Xi9MyT+GsR
+P3POKGCRNESTQKPKaigYtY3+fqhRANCAARrHrvLKIrsHuEoY9ux7GXpVjtDsyEF
7yQGmgHLri24btjvlETZGv19WmzOQ+IZkPH6SmS/QiUcNofWLqRXIdHr
-----END PRIVATE KEY-----`;

const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBZjCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGseu8soiuwe4Shj
27HsZelWO0OzIQXvJAaaAcuuLbhu2O+URNka/X1abM5D4hmQ8fpKZL9CJRw2h9Yu
pFch0eujTjBMMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0
hwR/AAABMB0GA1UdDgQWBBTR/i+4meMdyHX3eU/z9hfTTkQHFzAKBggqhkjOPQQD
AgNHADBEAiBDnUFYG8BfVeyAaPWe16bxF7G08PkAUmg2Uu+vlqxphwIgdjWc3I40
w6dDr5HRpiv5D6xlclvUQ8ePs3SRSEzKhq8=
-----END CERTIFICATE-----`;
