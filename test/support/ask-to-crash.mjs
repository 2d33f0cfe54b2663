// Preloaded into a dayboard: tells its process id, and throws where nobody catches it when it gets SIGUSR2.
import { writeFileSync } from 'node:fs';

if (process.env.TEST_PID_FILE !== undefined && process.argv[1]?.endsWith('dayboard.cjs')) {
  writeFileSync(process.env.TEST_PID_FILE, String(process.pid));
  process.on('SIGUSR2', () => {
    throw new Error('thrown by the test');
  });
}
