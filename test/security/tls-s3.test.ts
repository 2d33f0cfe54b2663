import { connect } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONFIG, Place, undoLater } from '../cli/place.ts';
import { listen, portOf } from '../source/stub-server.ts';
import { Authority, type Certificate } from '../support/certificates.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';

const authority = new Authority();
afterAll(() => authority[Symbol.dispose]());

let s3: TestS3;
let place: Place;
beforeAll(async () => {
  s3 = await startTestS3();
  place = await Place.make(CONFIG);
  place.secrets.push(s3.secretAccessKey);
});

/** The S3 server behind TLS with this certificate. */
async function behindTls(certificate: Certificate): Promise<string> {
  const server: Server = createServer(certificate, (socket) => {
    const inner = connect(Number(new URL(s3.endpoint).port), '127.0.0.1');
    for (const [from, to] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      from.pipe(to);
      from.on('error', () => to.destroy());
    }
  });
  server.on('tlsClientError', () => undefined);
  await listen(server);
  undoLater(async () => void server.close());
  return `https://localhost:${portOf(server)}`;
}

/** What doctor finds of the source. */
async function finding(endpoint: string, env: Record<string, string> = {}) {
  const ended = await place.run(['doctor', '--json'], {
    S3_ENDPOINT: endpoint,
    S3_BUCKET_NAME: s3.bucket,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    ...env,
  });
  const { findings } = ended.json()[0] as {
    findings: Array<{ subject: string; verdict: string; message: string; next?: string }>;
  };
  return findings.find((each) => each.subject === 'Source files');
}

it('an S3 server of a private authority is talked to when NODE_EXTRA_CA_CERTS names it, and else is refused', async () => {
  const endpoint = await behindTls(authority.issue('DNS:localhost'));
  expect(await finding(endpoint, { NODE_EXTRA_CA_CERTS: authority.file })).toMatchObject({ verdict: 'pass' });
  expect(await finding(endpoint, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toMatchObject({
    verdict: 'fail',
    message: expect.stringContaining('signed by an authority that this machine does not know'),
    next: expect.stringContaining('NODE_EXTRA_CA_CERTS=FILE'),
  });
});

it.each([
  ['for another name', () => authority.issue('DNS:elsewhere.example'), 'it is for another host name'],
  ['that has expired', () => authority.issue('DNS:localhost', -1), 'it has expired'],
  ['that it signed itself', () => authority.selfSigned('DNS:localhost'), 'it is self-signed'],
])('an S3 server with a certificate %s is refused', async (_, certificate, words) => {
  const endpoint = await behindTls(certificate());
  expect(await finding(endpoint, { NODE_EXTRA_CA_CERTS: authority.file })).toMatchObject({
    verdict: 'fail',
    message: expect.stringContaining(words),
  });
});

it('an S3 server without TLS is refused where https is demanded', async () => {
  const plain = s3.endpoint.replace('http:', 'https:');
  expect(await finding(plain)).toMatchObject({
    verdict: 'fail',
    message: expect.stringContaining('does not speak TLS'),
  });
});
