import { ListBucketsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { s3Client } from '../support/s3.ts';
import { presignWire, sendWire, signWire } from './conformance-requests.ts';
import { outcome, type Subject } from './conformance-servers.ts';

/** Who is let in: signatures, presigned URLs, clocks and hashed bodies. */
export function signatures(s3: () => Subject): void {
  it('lets the right secret in', async () => {
    const { Buckets } = await s3().client.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toContain(s3().bucket);
  });

  it('refuses a wrong secret, an unknown key and nobody', async () => {
    const tryAs = (accessKeyId: string, secretAccessKey: string) => {
      const client = s3Client({ ...s3(), accessKeyId, secretAccessKey });
      return outcome(client.send(new ListObjectsV2Command({ Bucket: s3().bucket })));
    };
    expect(await tryAs(s3().accessKeyId, 'not-the-secret')).toEqual([403, 'SignatureDoesNotMatch']);
    expect(await tryAs('AKIANOBODY', s3().secretAccessKey)).toEqual([403, 'InvalidAccessKeyId']);
    await s3().put('private', 'secret');
    const nobody = await sendWire(s3().endpoint, {
      method: 'GET',
      path: s3().pathOf('private'),
      headers: {},
    });
    expect([nobody.status, nobody.code]).toEqual([403, 'AccessDenied']);
  });

  it('refuses a clock that is an hour off, before or behind', async () => {
    await s3().put('clock', 'tick');
    for (const hours of [-1, 1]) {
      const at = new Date(Date.now() + hours * 3_600_000);
      const answer = await sendWire(s3().endpoint, await signWire(s3(), { path: s3().pathOf('clock'), at }));
      expect([answer.status, answer.code]).toEqual([403, 'RequestTimeTooSkewed']);
    }
    const late = new Date(Date.now() - 10 * 60_000);
    const answer = await sendWire(
      s3().endpoint,
      await signWire(s3(), { path: s3().pathOf('clock'), at: late }),
    );
    expect([answer.status, answer.text]).toEqual([200, 'tick']);
  });

  it('takes a signature for another region only where regions are not checked', async () => {
    const client = s3Client({ ...s3(), region: 'eu-north-1' });
    const listing = client.send(new ListObjectsV2Command({ Bucket: s3().bucket, MaxKeys: 1 }));
    expect(await outcome(listing)).toEqual(s3().differences.otherRegion);
  });

  it('serves a presigned URL until it expires, and no changed one', async () => {
    await s3().put('presigned', 'handed out');
    const fresh = await presignWire(s3(), { path: s3().pathOf('presigned'), expiresIn: 60 });
    expect(await sendWire(s3().endpoint, fresh)).toMatchObject({ status: 200, text: 'handed out' });
    const tampered = {
      ...fresh,
      path: fresh.path.replace(/(Signature=.{10})./, (_, kept: string) => `${kept}x`),
    };
    expect(await sendWire(s3().endpoint, tampered)).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
    });
    const other = { ...fresh, path: fresh.path.replace('presigned?', 'private?') };
    expect(await sendWire(s3().endpoint, other)).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
    });
    const past = new Date(Date.now() - 3_600_000);
    const expired = await presignWire(s3(), { path: s3().pathOf('presigned'), expiresIn: 60, at: past });
    expect(await sendWire(s3().endpoint, expired)).toMatchObject({ status: 403, code: 'AccessDenied' });
    const longLived = await presignWire(s3(), { path: s3().pathOf('presigned'), expiresIn: 7200, at: past });
    expect(await sendWire(s3().endpoint, longLived)).toMatchObject({ status: 200, text: 'handed out' });
  });

  it('stores a presigned put of bytes that nobody hashed', async () => {
    const wire = await presignWire(s3(), { method: 'PUT', path: s3().pathOf('drop-box'), expiresIn: 60 });
    const body = 'unsigned payload';
    const headers = { ...wire.headers, 'content-length': String(body.length) };
    expect((await sendWire(s3().endpoint, { ...wire, headers, body })).status).toBe(200);
    expect(await s3().readText('drop-box')).toBe(body);
  });

  it('stores nothing when the body is not the one that was signed', async () => {
    const wire = await signWire(s3(), {
      method: 'PUT',
      path: s3().pathOf('swapped'),
      headers: { 'content-length': '8' },
      body: 'original',
    });
    const answer = await sendWire(s3().endpoint, { ...wire, body: 'replaced' });
    expect([answer.status, answer.code]).toEqual([400, 'XAmzContentSHA256Mismatch']);
    expect(await outcome(s3().get('swapped'))).toEqual([404, 'NoSuchKey']);
  });
}
