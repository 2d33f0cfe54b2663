import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSource } from '../../src/source/create.ts';
import { s3ConfigFrom, s3Settings } from '../../src/source/s3-config.ts';
import { startTestS3 } from '../support/s3.ts';
import { dataset, failure, listed, objectOf, temporaryDirectory } from './fixtures.ts';

const s3 = { kind: 's3' } as const;
const keys = { S3_ACCESS_KEY_ID: 'AKIAEXAMPLE', S3_SECRET_ACCESS_KEY: 'not-to-be-shown' };

const noDatabase = (): never => {
  throw new Error('no database was asked for');
};

describe('the source of a definition', () => {
  it('reads the bucket that the variables name', async () => {
    const server = await startTestS3();
    await server.put('visits_2024-11-14.csv', 'x');
    const source = createSource(
      s3,
      {
        S3_BUCKET_NAME: server.bucket,
        S3_ENDPOINT: server.endpoint,
        S3_REGION: server.region,
        S3_ACCESS_KEY_ID: server.accessKeyId,
        // As it comes out of a file.
        S3_SECRET_ACCESS_KEY: `${server.secretAccessKey}\n`,
      },
      '/',
      noDatabase,
    );
    onTestFinished(() => source.close());
    expect(source.place).toBe(`${server.bucket} at ${new URL(server.endpoint).host}`);
    expect(await listed(source, [dataset('visits_{period}.csv')])).toHaveLength(1);
  });

  it('reads a directory, from where the definition is', async () => {
    const directory = await temporaryDirectory();
    expect(createSource({ kind: 'directory', path: 'in' }, {}, directory, noDatabase).place).toBe(
      join(directory, 'in'),
    );
    expect(createSource({ kind: 'directory', path: '/data' }, {}, directory, noDatabase).place).toBe('/data');
  });

  it('takes what the definition says where no variable says otherwise', () => {
    const definition = {
      ...s3,
      bucket: 'b-of-definition',
      endpoint: 'https://s3.gra.cloud.ovh.net',
      region: 'gra',
    };
    expect(createSource(definition, keys, '/', noDatabase).place).toBe(
      'b-of-definition at s3.gra.cloud.ovh.net',
    );
    expect(s3Settings(s3ConfigFrom(definition, keys))).toMatchObject({ region: 'gra', forcePathStyle: true });
    const env = { ...keys, S3_BUCKET_NAME: 'other', S3_ENDPOINT: 'minio.internal:9000', S3_REGION: 'eu' };
    const other = s3Settings(s3ConfigFrom(definition, env));
    expect(other.endpoint?.href).toBe('https://minio.internal:9000/');
    expect(other).toMatchObject({ place: 'other at minio.internal:9000', region: 'eu' });
  });

  it("is Amazon's without an endpoint, with the bucket in the host name", () => {
    const settings = s3Settings(
      s3ConfigFrom(s3, { S3_BUCKET_NAME: 'mine', S3_ENDPOINT: '', AWS_REGION: 'eu-west-3' }),
    );
    expect(settings).toMatchObject({ place: 'mine at s3.eu-west-3.amazonaws.com', forcePathStyle: false });
    expect(settings.accessKeyId).toBeUndefined();
  });

  it.each([
    ['S3_BUCKET_NAME', {}],
    ['S3_BUCKET_NAME', { ...keys, S3_BUCKET_NAME: ' ' }],
    ['S3_BUCKET_NAME', { ...keys, S3_BUCKET_NAME: '../other' }],
    ['S3_SECRET_ACCESS_KEY', { S3_BUCKET_NAME: 'mine', S3_ACCESS_KEY_ID: 'AKIAEXAMPLE' }],
    ['S3_ACCESS_KEY_ID', { S3_BUCKET_NAME: 'mine', S3_SECRET_ACCESS_KEY: 'not-to-be-shown' }],
    ['S3_ENDPOINT', { ...keys, S3_BUCKET_NAME: 'mine', S3_ENDPOINT: 'https://AKIA:not-to-be-shown@host' }],
    ['S3_ENDPOINT', { ...keys, S3_BUCKET_NAME: 'mine', S3_ENDPOINT: 'ftp://host' }],
    ['S3_ENDPOINT', { ...keys, S3_BUCKET_NAME: 'mine', S3_ENDPOINT: 'not a host' }],
  ])('can be made, but not used, when %s is wrong', async (variable, env: Record<string, string>) => {
    const source = createSource(s3, env, '/', noDatabase);
    expect(source.place).not.toContain('not-to-be-shown');
    const errors = [
      await failure(source.probe()),
      await failure(listed(source, [])),
      await failure(source.open(objectOf('x', '', ''))),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'source.not-configured', kind: 'usage', facts: { variable } });
      expect(error.message).toContain(variable);
      expect(JSON.stringify(error)).not.toContain('not-to-be-shown');
    }
  });
});
