import { afterAll, beforeAll, describe } from 'vitest';
import { listings } from './conformance-listings.ts';
import { buckets, objects, rangesAndConditions } from './conformance-objects.ts';
import { type Server, servers, type Subject } from './conformance-servers.ts';
import { signatures } from './conformance-signatures.ts';
import { uploads } from './conformance-uploads.ts';

const { ours, ceph } = servers();

describe("dayboard's local server", () => {
  conforms(ours);
});

describe.runIf(ceph.present)("Ceph's gateway", () => {
  conforms(ceph);
});

/** What is expected of every S3 server, but for its declared differences. */
function conforms(server: Server): void {
  let subject: Subject | undefined;
  const s3 = (): Subject => {
    if (subject === undefined) throw new Error('The server has not started');
    return subject;
  };
  beforeAll(async () => {
    subject = await server.start();
  }, 120_000);
  afterAll(() => subject?.close());

  describe('signatures', () => {
    signatures(s3);
  });
  describe('listings', () => {
    listings(s3);
  });
  describe('objects', () => {
    objects(s3);
  });
  describe('ranges and conditions', () => {
    rangesAndConditions(s3);
  });
  describe('uploads', () => {
    uploads(s3);
  });
  describe('buckets', () => {
    buckets(s3);
  });
}
