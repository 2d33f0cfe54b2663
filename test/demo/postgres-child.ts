// A dayboard that only starts the embedded PostgreSQL, for tests that kill it. Options come as JSON in the
// environment (an argument would make it look like one of the server's processes), orders line by line.
import { createInterface } from 'node:readline';
import { packagedPostgres, embeddedRuntime } from '../../src/demo/postgres/runtime.ts';
import { startEmbeddedPostgres, startPostgres } from '../../src/demo/postgres/embedded.ts';
import { toDayboardError } from '../../src/project/errors.ts';
import type { ChildOptions } from './postgres-harness.ts';

const options = JSON.parse(process.env['CHILD_OPTIONS'] ?? '') as ChildOptions;
const { native, ...rest } = options;
const request = { ...rest, env: process.env, onLog: (line: string) => say({ log: line }) };

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

try {
  const server =
    native === undefined
      ? await startEmbeddedPostgres(request)
      : await startPostgres(request, undefined, (home, account) =>
          embeddedRuntime({
            native: native === '' ? packagedPostgres() : native,
            home,
            account,
            env: process.env,
          }),
        );
  const { port, reused, directory, log } = server;
  say({ ready: { port, reused, directory, log, url: server.connectionString('postgres') } });
  for await (const order of createInterface({ input: process.stdin })) {
    if (order === 'exit') process.exit(0);
    await server.stop();
    say({ stopped: true });
  }
} catch (error) {
  say({ error: toDayboardError(error) });
}
