import { expect, it } from 'vitest';
import { checkText } from '../../../src/cli/output/findings.ts';
import { readChecks, recordCheck } from '../../../src/ledger/derived.ts';
import { countText } from '../../../src/plan/finding.ts';
import { runCheck } from '../../../src/rollup/check.ts';
import { createLedgerDatabase } from '../../support/ledger.ts';
import { PLAIN } from '../support.ts';

it('a check that was made says from the ledger how many findings there are, as it did when it was made', async () => {
  await using database = await createLedgerDatabase();
  const client = await database.connect();
  const check = {
    name: 'numbers',
    description: '',
    of: [],
    sql: 'SELECT n FROM generate_series(1, 37) n',
    severity: 'error' as const,
    timeoutSeconds: 30,
  };
  const made = await runCheck(client, check, { timeZone: 'UTC' });
  await recordCheck(client, 'test', { name: check.name, ...made });
  const [status] = await readChecks(client, 'test', ['numbers']);
  expect(status).toMatchObject({ verdict: 'fail', more: 17 });
  const lines = checkText(status!, PLAIN);
  expect(lines).toHaveLength(12);
  expect(lines.at(-1)).toBe(`    the first of ${countText(37)}`);
});

it.each([
  [1, '1 finding'],
  [37, '37 findings'],
  [10_001, 'more than 10,000 findings'],
])('%i findings are told as "%s"', (count, told) => {
  expect(countText(count)).toBe(told);
});
