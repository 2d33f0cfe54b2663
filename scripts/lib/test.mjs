// Runs every check and then the tests; all of them, so that one run tells everything that is wrong.
// With arguments: vitest alone, with those. The last line is `N passed, N failed[, N skipped]`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const bin = (name) => join('node_modules', '.bin', name);

const CHECKS = [
  { name: 'build', command: [process.execPath, 'scripts/build.mjs', '--types'] },
  { name: 'types', command: [bin('tsc'), '-p', '.'] },
  {
    name: 'lint',
    command: [bin('oxlint'), '--type-aware', '--deny-warnings', '--report-unused-disable-directives'],
  },
  { name: 'imports', command: [process.execPath, 'scripts/check-imports.mjs'] },
  { name: 'format', command: [bin('biome'), 'format', '.'] },
  { name: 'unused code', command: [bin('knip'), '--no-progress', '--no-config-hints'] },
];

/** Runs a check silently; what it printed is shown only when it fails. */
function check({ name, command: [program, ...args] }) {
  const started = performance.now();
  const run = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const passed = run.status === 0;
  print(`${passed ? '✓' : '✗'} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  if (!passed) print(`${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}`.trimEnd());
  return {
    passed: Number(passed),
    failed: Number(!passed),
    skipped: 0,
    failures: passed ? [] : [`check: ${name}`],
  };
}

/** Runs vitest for people to read, and counts from its JSON report. */
function vitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'dayboard-test-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    const run = spawnSync(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args],
      {
        stdio: 'inherit',
      },
    );
    return count(readReport(report), run.status === 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { testResults: [] };
  }
}

/** A file that failed as a whole, and errors outside of any test, have no failed test to count: each counts as one. */
function count(report, succeeded) {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const failures = report.testResults.flatMap((file) => {
    const failed = file.assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0 && file.status === 'failed') return [relative('.', file.name)];
    return failed.map((test) => `${relative('.', file.name)}: ${test.fullName}`);
  });
  if (!succeeded && failures.length === 0)
    failures.push('vitest: it ended with an error outside of the tests');
  const passed = tests.filter((test) => test.status === 'passed').length;
  const skipped = tests.filter((test) => !['passed', 'failed'].includes(test.status)).length;
  return { passed, failed: failures.length, skipped, failures };
}

/** Written at once, so that nothing of ours comes after the last line. */
function print(text) {
  const bytes = Buffer.from(`${text}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

const filters = process.argv.slice(2);
const results = filters.length > 0 ? [vitest(filters)] : [...CHECKS.map(check), vitest([])];
const failures = results.flatMap((result) => result.failures);
const sum = (key) => results.reduce((total, result) => total + result[key], 0);

if (failures.length > 0) print(`\nFailed:\n${failures.map((failure) => `  ${failure}`).join('\n')}\n`);
const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
print(`${sum('passed')} passed, ${sum('failed')} failed${skipped}`);
process.exitCode = failures.length > 0 ? 1 : 0;
