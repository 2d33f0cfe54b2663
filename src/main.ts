import { tellCrashes } from './cli/crash.ts';
import { processIo } from './cli/io.ts';
import { runCli } from './cli/run-cli.ts';

tellCrashes();
process.exitCode = await runCli(process.argv.slice(2), processIo());
