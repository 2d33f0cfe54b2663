import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseContext, contextEnvironment, ContextStore } from '../../src/cli/contexts.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dayboard-contexts-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(content: unknown): ContextStore {
  writeFileSync(
    join(directory, 'config.json'),
    typeof content === 'string' ? content : JSON.stringify(content),
  );
  return new ContextStore(directory);
}

const PROD = { production: true, databaseUrlVariable: 'PROD_URL', s3Prefix: 'PROD_' };

describe('contexts', () => {
  it('without a name are what the environment says, and no file is read', () => {
    const never = () => {
      throw new Error('the file was read');
    };
    expect(chooseContext(undefined, never)).toEqual({ name: 'default', readOnly: false, production: false });
    expect(chooseContext('default', never).name).toBe('default');
  });

  it('of the file are chosen by name', () => {
    const store = write({ contexts: { prod: PROD, look: { readOnly: true } } });
    expect(store.choose('prod')).toMatchObject({ name: 'prod', production: true, readOnly: false });
    expect(store.choose('look')).toMatchObject({ readOnly: true });
  });

  it('of an unknown name are an error that lists what there is', () => {
    const store = write({ contexts: { prod: PROD } });
    expect(() => store.choose('prd')).toThrowError(/There is no context "prd". Did you mean "prod"\?/);
    expect(() => store.choose('prd')).toThrowError(
      expect.objectContaining({ kind: 'usage', next: expect.stringContaining('default, prod') }),
    );
  });

  it.each([
    ['no JSON', '{', /cannot be used/],
    [
      'a URL where a variable belongs',
      { contexts: { prod: { databaseUrlVariable: 'postgres://u:secret@h/d' } } },
      /name the variable/,
    ],
    ['an unknown word', { contexts: { prod: { readonly: true } } }, /readonly/],
  ])('with %s in the file are a usage error without the value', (_, content, message) => {
    let thrown: unknown;
    try {
      write(content);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'config.contexts',
      kind: 'usage',
      message: expect.stringMatching(message),
    });
    expect(JSON.stringify(thrown)).not.toContain('secret');
  });

  it('read variables of the definition from others, and never from those of another context', () => {
    const store = write({
      contexts: { staging: { variables: { SOURCE_DB: 'STAGING_SOURCE_DB' } } },
    });
    const staging = store.choose('staging');
    const env = { SOURCE_DB: 'postgres://prod', STAGING_SOURCE_DB: 'postgres://staging' };
    expect(contextEnvironment(staging, env)).toMatchObject({ SOURCE_DB: 'postgres://staging' });
    expect(() => contextEnvironment(staging, { SOURCE_DB: 'postgres://prod' })).toThrowError(
      /STAGING_SOURCE_DB is not set; the context "staging" has SOURCE_DB there/,
    );
  });

  it('see their own variables only', () => {
    const env = {
      PROD_URL: 'postgres://prod',
      DATABASE_URL: 'postgres://local',
      PROD_S3_BUCKET_NAME: 'prod',
      S3_BUCKET_NAME: 'local',
      S3_ENDPOINT: 'http://local',
      HOME: '/home/op',
    };
    const seen = contextEnvironment({ ...PROD, name: 'prod', readOnly: false }, env);
    expect(seen).toMatchObject({ DATABASE_URL: 'postgres://prod', S3_BUCKET_NAME: 'prod', HOME: '/home/op' });
    expect(seen.S3_ENDPOINT).toBeUndefined();
  });

  it('whose variable is not set say which', () => {
    const context = { ...PROD, name: 'prod', readOnly: false };
    expect(() => contextEnvironment(context, {})).toThrowError(/PROD_URL is not set/);
  });

  it('remember the last one that the console showed, as long as it is there', () => {
    const store = write({ contexts: { prod: PROD } });
    store.remember('prod');
    expect(new ContextStore(directory).last).toBe('prod');
    expect(JSON.parse(readFileSync(store.path, 'utf8'))).toMatchObject({ contexts: { prod: PROD } });
    expect(write({ contexts: {}, lastContext: 'prod' }).last).toBeUndefined();
  });
});
