import { describe, expect, it } from 'vitest';
import { cellOf } from '../../src/plan/cell-state.ts';
import type { DeliveryFacts } from '../../src/plan/facts.ts';
import { aDataset } from '../support/definitions.ts';

const NOW = '2024-11-15T07:40:00Z';
const context = { now: NOW, rulesHash: 'rules' };
const object = {
  key: 'visits_2024-11-14.csv',
  size: 10,
  etag: 'one',
  modified: '2024-11-15T00:41:00.000Z',
  firstSeen: '2024-11-15T00:50:00.000Z',
};
const version = {
  version: 2,
  key: object.key,
  etag: 'one',
  rows: 1200,
  rulesHash: 'rules',
  findings: [],
  publishedAt: '2024-11-15T01:00:00.000Z',
  run: '7',
};
const failure = {
  run: '9',
  kind: 'load' as const,
  state: 'failed' as const,
  at: '2024-11-15T02:00:00.000Z',
  etag: 'one',
  error: { code: 'load.malformed-row', message: 'Line 3 has one column too many.', facts: {} },
};

function stateOf(facts: Partial<DeliveryFacts>, dataset = aDataset()) {
  return cellOf(dataset, { dataset: 'visits', period: '2024-11-14', ...facts }, context);
}

describe('the state of a delivery', () => {
  it('is owed when rows of it that were given up are needed again', () => {
    expect(stateOf({ object, version: { ...version, lacks: true } })).toMatchObject({
      state: 'owed',
      why: expect.stringContaining('must be loaded again'),
    });
  });

  it('is missing when it is due and the source has nothing', () => {
    expect(stateOf({})).toMatchObject({ state: 'missing', since: '2024-11-15T01:00:00Z' });
  });

  it('is not due before its time, and before the first delivery', () => {
    expect(stateOf({ period: '2024-11-15' }).state).toBe('not due');
    expect(stateOf({}, aDataset({ since: '2024-11-20' })).state).toBe('not due');
  });

  it('is not missing before the first delivery that is known of its dataset', () => {
    const known = (knownSince: string) =>
      cellOf(aDataset(), { dataset: 'visits', period: '2024-11-14' }, { ...context, knownSince }).state;
    expect(known('2024-11-15')).toBe('not due');
    expect(known('2024-11-14')).toBe('missing');
  });

  it('is available once the source has it, and fetched once exactly that object is in the cache', () => {
    expect(stateOf({ object }).state).toBe('available');
    expect(stateOf({ object: { ...object, fetchedEtag: 'one' } }).state).toBe('fetched');
    expect(stateOf({ object: { ...object, fetchedEtag: 'other' } }).state).toBe('available');
  });

  it('is loaded when the current version is of the object at the source', () => {
    expect(stateOf({ object, version })).toMatchObject({
      state: 'loaded',
      version: 2,
      rows: 1200,
      why: 'Version 2, 1,200 rows.',
    });
  });

  it('stays loaded when the object is gone from the source', () => {
    expect(stateOf({ version }).state).toBe('loaded');
  });

  it('is stale when the object changed after loading', () => {
    expect(stateOf({ version, object: { ...object, etag: 'two' } }).state).toBe('stale');
  });

  it('stays loaded when what is at the source was taken back, until the source has something else', () => {
    const undone = { version: 3, key: object.key, etag: 'two', at: NOW, by: 'ann on db-1' };
    expect(stateOf({ object: { ...object, etag: 'two' }, version, undone })).toMatchObject({
      state: 'loaded',
      why: expect.stringContaining('ann on db-1 took version 3'),
    });
    expect(stateOf({ object: { ...object, etag: 'three' }, version, undone }).state).toBe('stale');
    expect(stateOf({ object: { ...object, etag: 'two' }, undone })).toMatchObject({
      state: 'available',
      takenBack: true,
      why: expect.stringMatching(/^ann on db-1 took version 3 .* only when asked for \(--reprocess all\)\.$/),
    });
    expect(stateOf({ object: { ...object, etag: 'three' }, undone })).not.toHaveProperty('takenBack');
  });

  it('is owed when it was loaded under other rules', () => {
    expect(stateOf({ object, version: { ...version, rulesHash: 'older' } }).state).toBe('owed');
  });

  it('is suspicious when a guard marked it', () => {
    const marked = { ...version, findings: [{ guard: 'rows', message: 'Half of the usual rows.' }] };
    expect(stateOf({ object, version: marked })).toMatchObject({
      state: 'suspicious',
      why: 'Half of the usual rows.',
    });
  });

  it('is failed after a failed attempt, and says what is still published', () => {
    expect(stateOf({ object, attempt: failure })).toMatchObject({
      state: 'failed',
      why: 'Line 3 has one column too many. Nothing was published.',
      run: '9',
    });
    expect(stateOf({ object, version, attempt: failure })).toMatchObject({
      state: 'failed',
      publishedBefore: true,
      error: failure.error,
    });
  });

  it.each([
    ['its own run published it', { run: '9' }],
    ['a later run published it', { run: '10' }],
  ])('forgets a failure when %s, whatever the clocks say', (_, published) => {
    const behind = { ...version, ...published, publishedAt: '2024-11-15T00:00:00.000Z' };
    expect(stateOf({ object, version: behind, attempt: failure }).state).toBe('loaded');
  });

  it('keeps the failure of a later run, whatever the clocks say', () => {
    const ahead = { ...version, run: '8', publishedAt: '2024-11-15T03:00:00.000Z' };
    expect(stateOf({ object, version: ahead, attempt: failure }).state).toBe('failed');
  });

  it('goes by the time where a version has no run, or a run was refused because another was at it', () => {
    const { run: _, ...withoutRun } = version;
    const at = (time: string) => ({ ...withoutRun, publishedAt: `2024-11-15T${time}:00.000Z` });
    expect(stateOf({ object, version: at('01:59'), attempt: failure }).state).toBe('failed');
    expect(stateOf({ object, version: at('02:01'), attempt: failure }).state).toBe('loaded');
    const refused = { ...failure, error: { code: 'lock.held', message: 'Held.', facts: {} } };
    expect(stateOf({ object, version: { ...at('02:01'), run: '7' }, attempt: refused }).state).toBe('loaded');
  });

  it('forgets a failure when another object came', () => {
    expect(stateOf({ object: { ...object, etag: 'two' }, attempt: failure }).state).toBe('available');
  });

  it('leaves a missing object to the listing: a failed look-up is no failure of the delivery', () => {
    const lookup = {
      ...failure,
      kind: 'fetch' as const,
      error: { code: 'source.object-missing', message: 'gone', facts: {} },
    };
    expect(stateOf({ attempt: lookup }).state).toBe('missing');
  });

  it('is running while a run is at it or has queued it, whatever it was before', () => {
    expect(
      stateOf({ object, version, attempt: { ...failure, state: 'running', kind: 'load' } }),
    ).toMatchObject({ state: 'running', progress: { kind: 'load' } });
    expect(stateOf({ object, attempt: { ...failure, state: 'queued' } }).state).toBe('running');
  });

  it('is off, with the reason, when the dataset is switched off', () => {
    expect(stateOf({ object }, aDataset({ off: 'takes 40 GB' }))).toMatchObject({
      state: 'off',
      why: 'Switched off: takes 40 GB',
    });
  });
});
