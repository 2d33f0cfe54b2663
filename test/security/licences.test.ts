import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { advisoriesOf, isAllowed, packagesOf } from '../../scripts/licences.ts';
import { packageRoot } from '../../src/project/package-root.ts';

it('every package of the lock file has a licence that is allowed for what it is used for', () => {
  const lock = JSON.parse(readFileSync(join(packageRoot(), 'package-lock.json'), 'utf8')) as Parameters<
    typeof packagesOf
  >[0];
  const packages = packagesOf(lock);
  expect(packages.length).toBeGreaterThan(100);
  expect(packages.filter((each) => !isAllowed(each))).toEqual([]);
});

it.each([
  ['GPL-3.0', false, false],
  ['unknown', true, false],
  ['MPL-2.0', true, true],
  ['MPL-2.0', false, false],
  ['(GPL-3.0 OR MIT)', false, true],
  ['MIT AND GPL-3.0', false, false],
])('%s, for a tool: %s, is allowed: %s', (licence, dev, allowed) => {
  expect(isAllowed({ licence, dev })).toBe(allowed);
});

it('advisories are told with their severity, and a registry that does not answer is told from one that knows none', () => {
  const known = { vulnerabilities: { left: { severity: 'high', range: '<2', via: [{ title: 'bad' }] } } };
  expect(advisoriesOf(JSON.stringify(known))).toEqual(['high: left <2: bad']);
  expect(advisoriesOf('{"vulnerabilities":{}}')).toEqual([]);
  expect(advisoriesOf('{"message":"405 Method Not Allowed"}')).toBeUndefined();
  expect(advisoriesOf('')).toBeUndefined();
});
