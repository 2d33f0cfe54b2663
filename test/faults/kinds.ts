import { once } from 'node:events';
import type { Case, Fault, Point } from './case.ts';
import type { Fate, Sent } from './postgres-proxy.ts';

const LOST =
  /connection-lost|load\.connection|database\.(starting|unreachable|outcome-unknown)|source\.interrupted|connection to PostgreSQL was lost/;

function signalled(signal: NodeJS.Signals): Fault {
  return {
    name: signal,
    postgres: async (_, { child }): Promise<Fate> => {
      child.kill(signal);
      return 'pass';
    },
  };
}

function raised(name: string, raise: string, message: string, says: RegExp): Fault {
  return { name, says, postgres: () => ({ raise, message }) };
}

function jumped(name: string, hours: number): Fault {
  return {
    name,
    says: /clock/,
    postgres: async (_, { child }): Promise<Fate> => {
      const heard = once(child, 'message');
      child.send({ jump: hours * 3_600_000 });
      await Promise.race([heard, once(child, 'exit')]);
      return 'pass';
    },
  };
}

/** What can happen where something is sent to PostgreSQL, be it a statement or not. */
const ANYWHERE: readonly Fault[] = [
  {
    name: 'killed before',
    postgres: async (_, { child, ended }): Promise<Fate> => {
      child.kill('SIGKILL');
      await ended;
      return 'reset before';
    },
  },
  {
    name: 'killed after',
    postgres: (_, { child }) => {
      setImmediate(() => child.kill('SIGKILL'));
      return 'reset after';
    },
  },
  signalled('SIGINT'),
  signalled('SIGTERM'),
  signalled('SIGHUP'),
  { name: 'reset before', says: LOST, postgres: () => 'reset before' },
  { name: 'reset after', says: LOST, postgres: () => 'reset after' },
  { name: 'all reset', says: LOST, postgres: () => 'reset all' },
  {
    name: 'server crashes',
    says: LOST,
    postgres: async ({ backend }, { world }): Promise<Fate> => {
      await world.crash(backend);
      return 'pass';
    },
  },
  {
    name: 'backend terminated',
    says: LOST,
    postgres: async ({ backend }, { world }): Promise<Fate> => {
      await world.admin.query('SELECT pg_terminate_backend($1, 5000)', [backend]);
      return 'pass';
    },
  },
  jumped('clock 36 h ahead', 36),
  jumped('clock 36 h back', -36),
];

/** Errors that a server raises in a statement's place. */
const RAISED: readonly Fault[] = [
  raised(
    'statement timeout 57014',
    '57014',
    'canceling statement due to statement timeout',
    /statement-timeout|statement timeout|took longer than it may/,
  ),
  raised('deadlock 40P01', '40P01', 'deadlock detected', /database\.deadlock.*|deadlock detected/),
  raised(
    'lock timeout 55P03',
    '55P03',
    'canceling statement due to lock timeout',
    /lock-timeout|lock timeout/,
  ),
  raised(
    'serialization 40001',
    '40001',
    'could not serialize access due to concurrent update',
    /could not serialize/,
  ),
  raised(
    'disk full 53100',
    '53100',
    'could not extend file: No space left on device',
    /disk-full|disk is full/,
  ),
];

/** In a COPY nobody can send another statement in its place. */
const CANCELLED: Fault = {
  name: 'cancelled 57014',
  says: /cancel/,
  postgres: async ({ backend }, { world }): Promise<Fate> => {
    await world.admin.query('SELECT pg_cancel_backend($1)', [backend]);
    return 'pass';
  },
};

function ofS3(name: string, s3: NonNullable<Fault['s3']>, says: RegExp): Fault[] {
  return [
    { name: `${name}, once`, s3, says },
    { name: `${name}, from then on`, s3, says, lasting: true },
  ];
}

const error = (status: number, code: string) => () => ({ kind: 'error' as const, status, code });
const S3: readonly Fault[] = [
  ...ofS3('S3 500', error(500, 'InternalError'), /source\.server-error/),
  ...ofS3('S3 503', error(503, 'ServiceUnavailable'), /source\.throttled/),
  ...ofS3('S3 slow down', error(503, 'SlowDown'), /source\.throttled/),
  ...ofS3('S3 expired', error(400, 'ExpiredToken'), /source\.credentials/),
  ...ofS3('S3 denied', error(403, 'AccessDenied'), /source\.credentials/),
  ...ofS3('S3 skewed', error(403, 'RequestTimeTooSkewed'), /source\.clock/),
  ...ofS3('S3 reset', () => ({ kind: 'reset' }), /source\.(interrupted|unreachable)/),
];
const S3_OBJECT: readonly Fault[] = [
  ...ofS3('S3 reset at a byte', () => ({ kind: 'reset', after: 1 }), /source\.interrupted/),
  ...ofS3('S3 reset in the middle', () => ({ kind: 'reset', after: 50_000 }), /source\.interrupted/),
  ...ofS3('S3 short', () => ({ kind: 'truncate', after: 50_000 }), /source\.interrupted/),
  ...ofS3('S3 wrong byte', () => ({ kind: 'corrupt' }), /source\.checksum/),
];

const CACHE: readonly Fault[] = (
  ['ENOSPC', 'EIO', 'EACCES', 'EMFILE', 'kill before', 'kill after'] as const
).map((file) => ({
  name: `cache ${file}`,
  file,
  says: file === 'ENOSPC' ? /disk-full|ENOSPC/ : new RegExp(file),
}));

const OUTPUT: readonly Fault[] = [
  { name: 'stdout closed', output: 'stdout' },
  { name: 'stderr closed', output: 'stderr' },
];

/** Every fault that there can be at a point. */
export function casesOf(point: Point): Case[] {
  return faultsOf(point).map((fault) => ({ point, fault }));
}

function faultsOf({ boundary, name, sent }: Point): readonly Fault[] {
  switch (boundary) {
    case 'postgres':
      return ofPostgres(sent ?? 'statement');
    case 's3':
      return name.startsWith('list') ? S3 : [...S3, ...S3_OBJECT];
    case 'cache':
      return CACHE;
    case 'output':
      return OUTPUT;
  }
}

function ofPostgres(sent: Sent['kind']): readonly Fault[] {
  switch (sent) {
    case 'statement':
      return [...ANYWHERE, ...RAISED];
    case 'connect':
      // There is no process of the server's yet.
      return ANYWHERE.filter(({ name }) => !/server|backend/.test(name));
    case 'copy data':
    case 'copy end':
      return [...ANYWHERE, CANCELLED];
  }
}
