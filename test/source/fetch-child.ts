import { fetchToCache, openCache } from '../../src/source/cache.ts';
import { s3Source } from '../../src/source/s3.ts';

// A fetch in a process of its own, for tests that end it. Argument: JSON. Prints a line for each progress and its end.
const { config, directory, object, partSize } = JSON.parse(process.argv[2] ?? '') as {
  config: Parameters<typeof s3Source>[0];
  directory: string;
  object: Parameters<typeof fetchToCache>[0]['object'];
  partSize: number;
};
const source = s3Source(config);
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const file = await fetchToCache({
  source,
  cache: await openCache(directory),
  object,
  partSize,
  onProgress: say,
  onWait: () => say({ waiting: true }),
});
say(file);
source.close();
