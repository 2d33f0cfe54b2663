import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toDayboardError } from '../../src/project/errors.ts';
import { fetchToCache, openCache } from '../../src/source/cache.ts';
import { s3Source } from '../../src/source/s3.ts';

// A fetch in a process of its own, for tests that end it. Argument: JSON. Prints a line for each progress and its end.
const { config, directory, object, partSize, fillsDisk } = JSON.parse(process.argv[2] ?? '') as {
  config: Parameters<typeof s3Source>[0];
  directory: string;
  object: Parameters<typeof fetchToCache>[0]['object'];
  partSize?: number;
  /** Leaves no room on the disk once the first bytes have been written. */
  fillsDisk?: boolean;
};
const source = s3Source(config);
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const file = await fetchToCache({
    source,
    cache: await openCache(directory),
    object,
    partSize,
    onProgress: (progress) => {
      say(progress);
      if (fillsDisk && progress.bytes > 0) fill();
    },
    onWait: () => say({ waiting: true }),
  });
  say(file);
} catch (thrown) {
  say(toDayboardError(thrown).toJSON());
}
source.close();

function fill(): void {
  for (let size = 1024 * 1024; size > 0; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(join(directory, 'filler'), Buffer.alloc(size), { flag: 'a' });
    } catch {
      // This much does not fit any more: less of it may.
    }
  }
}
