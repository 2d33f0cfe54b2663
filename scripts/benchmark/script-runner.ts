// One process that runs a psql script with dayboard. usage: node script-runner.ts URL FILE
import { writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import pg from 'pg';
import { runScript } from '../../src/psql/script.ts';

const [url, file] = process.argv.slice(2);
if (url === undefined || file === undefined) throw new RangeError('URL FILE');

const client = new pg.Client({ connectionString: url });
await client.connect();
try {
  process.exitCode = await runScript({
    client,
    file: basename(file),
    directory: dirname(file),
    root: dirname(file),
    env: process.env,
    stdin: () => process.stdin,
    stdout: (data) => void process.stdout.write(data),
    stderr: (text) => void writeSync(process.stderr.fd, text),
    variables: [['ON_ERROR_STOP', '1']],
  });
} finally {
  await client.end();
}
