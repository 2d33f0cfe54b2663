import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Fault as S3Fault } from '../../src/demo/s3/faults.ts';
import type { FileFault } from './file-fault.ts';
import { type Fate, postgresProxy, type Sent } from './postgres-proxy.ts';
import { type Digest, differences, leftovers, type Phase } from './scenario.ts';
import { type Ended, type Place, type State, stateOf, type World } from './world.ts';

export type Boundary = 'postgres' | 's3' | 'cache' | 'output';

/** Where something can go wrong. */
export interface Point {
  boundary: Boundary;
  /** The same in every run. */
  name: string;
  /** What is sent there, of PostgreSQL's. */
  sent?: Sent['kind'];
  /** Bytes of the answer, of S3's. */
  bytes?: number;
}

/** One fault at one point. */
export interface Case {
  point: Point;
  fault: Fault;
}

/** What can go wrong, and what the error that is shown must say when the command fails. */
export interface Fault {
  name: string;
  /** Undefined where nobody is left to say anything. */
  says?: RegExp;
  postgres?: (sent: Sent, hands: Hands) => Promise<Fate> | Fate;
  s3?: (point: Point) => S3Fault;
  /** At every later request of the kind, too. */
  lasting?: boolean;
  file?: FileFault['kind'];
  output?: 'stdout' | 'stderr';
}

/** What a fault may lay hands on. */
export interface Hands {
  world: World;
  child: ChildProcess;
  ended: Promise<Ended>;
}

/** How a case went: what broke of what is promised, if anything. */
export interface Verdict {
  reached: boolean;
  /** 'done' when the command took the fault in its stride. */
  exit: string;
  broken: string[];
  milliseconds: number;
  said: string;
}

export interface Stage {
  world: World;
  phase: Phase;
  /** The database to begin from. */
  template: string;
  before: State;
  after: State;
}

/** Runs the phase undisturbed and gives every point that it passes. */
export async function record(stage: Omit<Stage, 'after'>): Promise<{ points: Point[]; place: Place }> {
  const { world, phase, template } = stage;
  const place = await world.begin(template);
  const points: Point[] = [];
  await using proxy = await postgresProxy(place.url, async ({ point, kind }) => {
    points.push({ boundary: 'postgres', name: point, sent: kind });
    return 'pass';
  });
  world.s3.faults = s3Points((point) => void points.push(point));
  const fileLog = join(place.directory, 'files.log');
  const { ended } = place.start([...phase.args, '--json'], { database: proxy.url, fileLog });
  const { code, said } = await ended;
  world.s3.faults = undefined;
  if (code !== 0) throw new Error(`${phase.name} does not succeed undisturbed: ${said}`);
  await place.quiet();
  points.push(...(await place.fileLog()).map((name): Point => ({ boundary: 'cache', name })));
  said
    .trimEnd()
    .split('\n')
    .forEach((_, at) => points.push({ boundary: 'output', name: `line ${at + 1}` }));
  return { points, place };
}

function s3Points(tell: (point: Point) => S3Fault | undefined | void) {
  const counts = new Map<string, number>();
  return ({ method, key, range }: { method: string; key: string | undefined; range: string | undefined }) => {
    const what = key === undefined ? 'list' : `${method} ${key}${range === undefined ? '' : ' range'}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
    return tell({ boundary: 's3', name: `${what} · ${counts.get(what)}` }) ?? undefined;
  };
}

/** Runs the phase with the fault, then what comes next without, and looks whether all that is promised held. */
export async function perform(stage: Stage, { point, fault }: Case): Promise<Verdict> {
  const started = performance.now();
  const { world, phase } = stage;
  const place = await world.begin(stage.template);
  const broken: string[] = [];
  try {
    const { ended, reached } = await disturbed(place, stage, point, fault);
    broken.push(...judgeEnd(ended, fault, reached));
    if (ended.orphans) broken.push('a process of it lives on');
    await place.quiet().catch((thrown: Error) => broken.push(thrown.message));
    if (fault.name === 'S3 replaced') await world.deliver(phase);
    broken.push(...(await judgeState(place, stage, 'after the fault', [stage.before, stage.after])));
    broken.push(...(await recover(place, stage)));
    const exit = ended.code === 0 ? 'done' : String(ended.code ?? ended.signal);
    return { reached, exit, broken, milliseconds: performance.now() - started, said: ended.said };
  } catch (thrown) {
    const what = `the case itself failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    const milliseconds = performance.now() - started;
    return { reached: false, exit: '', broken: [...broken, what], milliseconds, said: '' };
  } finally {
    world.s3.faults = undefined;
    await place.end();
  }
}

async function disturbed(
  place: Place,
  { world, phase }: Stage,
  point: Point,
  fault: Fault,
): Promise<{ ended: Ended; reached: boolean }> {
  let reached = false;
  const started: { hands?: Hands } = {};
  await using proxy = await postgresProxy(place.url, async (sent) => {
    if (reached || point.boundary !== 'postgres' || sent.point !== point.name || started.hands === undefined)
      return 'pass';
    reached = true;
    return (await fault.postgres?.(sent, started.hands)) ?? 'pass';
  });
  if (point.boundary === 's3') {
    world.s3.faults = s3Points((at) => {
      if (at.name !== point.name && !(reached && fault.lasting)) return undefined;
      reached = true;
      return fault.s3?.(point);
    });
  }
  const done = join(place.directory, 'fault.done');
  const child = place.start([...phase.args, '--json'], {
    database: proxy.url,
    ...(point.boundary === 'cache' && fault.file !== undefined
      ? { fault: { point: point.name, kind: fault.file, done } }
      : {}),
  });
  started.hands = { world, ...child };
  if (point.boundary === 'output') {
    let lines = 0;
    const wanted = Number(/\d+/.exec(point.name)?.[0]);
    child.child.stdout?.on('data', (chunk: Buffer) => {
      lines += chunk.toString().split('\n').length - 1;
      if (lines < wanted || reached) return;
      reached = true;
      child.child[fault.output ?? 'stdout']?.destroy();
    });
  }
  const ended = await child.ended;
  world.s3.faults = undefined;
  return { ended, reached: reached || existsSync(done) };
}

function judgeEnd(ended: Ended, fault: Fault, reached: boolean): string[] {
  const { code, hung, said, signal } = ended;
  if (hung) return ['it did not end'];
  if (!reached || code === 0 || signal === 'SIGKILL') return [];
  const broken: string[] = [];
  if (signal !== null) broken.push(`it was ended by ${signal}`);
  if (/^\s+at .*:\d+:\d+\)?$/m.test(said) || /Node\.js v\d/.test(said)) broken.push('it crashed');
  // Whoever interrupts it knows why it ended.
  if (code === 130) return broken;
  if (fault.says !== undefined && !fault.says.test(said))
    broken.push(`the error does not name the cause (${fault.says.source})`);
  return broken;
}

/** What readers see is one of these states, whole. */
async function judgeState(
  place: Place,
  stage: Stage,
  when: string,
  allowed: readonly State[],
): Promise<string[]> {
  const { digest } = await stateOf(place);
  const broken = await place.query(differences);
  if (!allowed.some((each) => isDeepStrictEqual(each.digest.published, digest.published)))
    broken.push(`${when}: ${different(digest, stage)}`);
  return broken;
}

function different({ published }: Digest, { before, after }: Stage): string {
  return Object.entries(published)
    .map(([name, hash]) => {
      const [old, fresh] = [before.digest.published[name], after.digest.published[name]];
      if (old === fresh && hash === old) return '';
      return `${name} is ${hash === old ? 'old' : hash === fresh ? 'new' : `neither (${hash})`}`;
    })
    .filter((text) => text !== '')
    .join(', ');
}

/** The next run, by nobody who knows that something happened. */
async function recover(place: Place, stage: Stage): Promise<string[]> {
  const { phase } = stage;
  const broken: string[] = [];
  const run = async (args: readonly string[]): Promise<void> => {
    const { code, said, hung } = await place.start(args, { database: place.url }).ended;
    if (code !== 0 || hung) broken.push(`${args[0]} afterwards ended with ${code}: ${said.slice(-1500)}`);
    await place.quiet();
  };
  await run(phase.next);
  if (phase.name === 'undo') {
    const { digest } = await stateOf(place);
    if (!isDeepStrictEqual(digest.published, stage.after.digest.published)) await run(phase.args);
  }
  broken.push(...(await judgeState(place, stage, 'in the end', [stage.after])));
  const state = await stateOf(place);
  if (state.digest.view !== stage.after.digest.view) broken.push('the view is another in the end');
  if (state.digest.owed !== stage.after.digest.owed) broken.push('something is owed in the end');
  if (!isDeepStrictEqual(state.relations, stage.after.relations))
    broken.push(`relations: ${changes(stage.after.relations, state.relations)}`);
  broken.push(...(await place.query(leftovers)).map((what) => `left: ${what}`));
  broken.push(...(await place.strayFiles()).map((name) => `left: file ${name}`));
  return broken;
}

function changes(wanted: readonly string[], found: readonly string[]): string {
  const more = found.filter((name) => !wanted.includes(name)).map((name) => `+${name}`);
  const less = wanted.filter((name) => !found.includes(name)).map((name) => `-${name}`);
  return [...more, ...less].join(' ');
}
