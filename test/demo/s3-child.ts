// A server in a process of its own, for the test that kills it. usage: s3-child.ts DIRECTORY
import { startS3Server } from '../../src/demo/s3/server.ts';

const server = await startS3Server({
  directory: process.argv[2] ?? '',
  accessKeyId: 'AKIACHILD',
  secretAccessKey: 'child-secret',
});
process.stdout.write(`${server.endpoint}\n`);
