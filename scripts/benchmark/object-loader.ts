// One process that copies files into staging as a run does, and says what it used. usage: node object-loader.ts URL FILE…
import { createReadStream } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import pg from 'pg';
import { loadStaging } from '../../src/load/staging.ts';
import tchapStats from '../../src/systems/tchap-stats/index.ts';

const [url, ...files] = process.argv.slice(2);
const dataset = tchapStats.resolve({}).datasets.find(({ name }) => name === 'user_daily_visits');
if (url === undefined || dataset === undefined) throw new RangeError('URL FILE…');

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const before = process.resourceUsage();
const started = performance.now();
const loaded = await Promise.all(
  files.map(async (file, at) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return await loadStaging({
        client,
        dataset,
        period: `2024-11-${String(at + 1).padStart(2, '0')}`,
        run: '1',
        // As the load step reads the cache.
        open: async () => createReadStream(file, { highWaterMark: 256 * 1024 }),
        objectName: file,
        signal: new AbortController().signal,
      });
    } finally {
      await client.end();
    }
  }),
);
const seconds = (performance.now() - started) / 1000;
delay.disable();
const after = process.resourceUsage();
console.log(
  JSON.stringify({
    seconds,
    rows: loaded.reduce((sum, { rows }) => sum + rows, 0),
    bytes: loaded.reduce((sum, { bytes }) => sum + bytes, 0),
    cpuSeconds: (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1e6,
    maxRssMegabytes: after.maxRSS / 1024,
    loopDelayP99Milliseconds: delay.percentile(99) / 1e6,
  }),
);
