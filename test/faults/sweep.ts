import { type Case, perform, record, type Stage, type Verdict } from './case.ts';
import { casesOf } from './kinds.ts';
import { postgresProxy } from './postgres-proxy.ts';
import { type Phase, PHASES } from './scenario.ts';
import { stateOf, World } from './world.ts';

export interface SweepOptions {
  /** How many cases; all when undefined. */
  cases: number | undefined;
  seed: number;
  /** Only cases whose name this regular expression finds. */
  only?: string | undefined;
}

interface Row {
  points: Set<string>;
  cases: number;
  reached: number;
  done: number;
  survived: number;
  milliseconds: number;
}

/** Every phase: its points are counted in an undisturbed run, then each case is done. */
export async function sweep(options: SweepOptions): Promise<{ table: string; failures: string[] }> {
  const world = await World.open();
  const rows = new Map<string, Row>();
  const failures: string[] = [];
  const random = randomness(options.seed);
  const total = { points: 0, cases: 0 };
  try {
    for (const [at, phase] of PHASES.entries()) {
      await world.deliver(phase);
      const template =
        phase.crashed === true ? await crashed(world, phase, `before_${at - 1}`) : `before_${at}`;
      const first = await world.begin(template);
      const before = await stateOf(first);
      await first.end();
      const { points, place } = await record({ world, phase, template, before });
      const stage: Stage = { world, phase, template, before, after: await stateOf(place) };
      await world.admin.query(`CREATE DATABASE before_${at + 1} TEMPLATE ${place.name} STRATEGY file_copy`);
      await place.end();
      const all = points
        .flatMap(casesOf)
        .filter((each) => nameOf(stage, each).match(options.only ?? '') !== null);
      total.points += points.length;
      total.cases += all.length;
      const chosen = options.cases === undefined ? all : sample(all, options.cases / PHASES.length, random);
      for (const each of chosen) {
        const verdict = await perform(stage, each);
        count(rows, stage, each, verdict);
        if (verdict.broken.length === 0 && process.env['DAYBOARD_FAULTS_SAY'] === undefined) continue;
        const text = `${nameOf(stage, each)} [${verdict.exit}]: ${verdict.broken.join('; ')}`;
        process.stderr.write(
          `${verdict.broken.length === 0 ? 'ok' : 'BROKEN'} ${Math.round(verdict.milliseconds)} ms ${text}\n`,
        );
        if (verdict.broken.length > 0) failures.push(`${text}\n${errorsOf(verdict.said)}`);
      }
    }
  } finally {
    await world.close();
  }
  return { table: tableOf(rows, total), failures };
}

/** A database in which a run was killed while it published. */
async function crashed(world: World, phase: Phase, template: string): Promise<string> {
  const place = await world.begin(template);
  let isKilled = false;
  await using proxy = await postgresProxy(place.url, async ({ sql }) => {
    if (!isKilled && !sql.includes('INSERT INTO dayboard.version')) return 'pass';
    isKilled = true;
    child.kill('SIGKILL');
    return 'reset all';
  });
  const { child, ended } = place.start(phase.args, { database: proxy.url });
  await ended;
  await place.quiet();
  if (!isKilled) throw new Error('the run that was to be killed published nothing');
  const name = `${template}_crashed`;
  await world.admin.query(`CREATE DATABASE ${name} TEMPLATE ${place.name} STRATEGY file_copy`);
  await place.end();
  return name;
}

/** The lines that tell of an error. */
function errorsOf(said: string): string {
  return said
    .split('\n')
    .filter((line) => !line.startsWith('{') || /step\.failed|dayboard\.error/.test(line))
    .map((line) => line.slice(-700))
    .join('\n');
}

function nameOf({ phase }: Stage, { point, fault }: Case): string {
  return `${phase.name} / ${point.boundary} / ${point.name} / ${fault.name}`;
}

function count(rows: Map<string, Row>, { phase }: Stage, { point, fault }: Case, verdict: Verdict): void {
  const key = fault.name.replace(/, (once|from then on)$/, '');
  const row = rows.get(key) ?? {
    points: new Set(),
    cases: 0,
    reached: 0,
    done: 0,
    survived: 0,
    milliseconds: 0,
  };
  row.points.add(`${phase.name} ${point.name}`);
  row.cases += 1;
  row.reached += Number(verdict.reached);
  row.done += Number(verdict.exit === 'done');
  row.survived += Number(verdict.broken.length === 0);
  row.milliseconds += verdict.milliseconds;
  rows.set(key, row);
}

function tableOf(rows: ReadonlyMap<string, Row>, total: { points: number; cases: number }): string {
  const lines = [...rows].map(([name, row]) => lineOf(name, row));
  const sum = [...rows.values()].reduce<Row>(
    (all, row) => ({
      points: new Set([...all.points, ...row.points]),
      cases: all.cases + row.cases,
      reached: all.reached + row.reached,
      done: all.done + row.done,
      survived: all.survived + row.survived,
      milliseconds: all.milliseconds + row.milliseconds,
    }),
    { points: new Set(), cases: 0, reached: 0, done: 0, survived: 0, milliseconds: 0 },
  );
  const head = lineOfTexts(['fault', 'points', 'cases', 'reached', 'went on', 'survived', 'ms each']);
  const there = `There are ${total.points} points, and ${total.cases} cases of a fault at a point.`;
  return [there, head, ...lines, lineOf('all', sum)].join('\n');
}

function lineOf(name: string, { points, cases, reached, done, survived, milliseconds }: Row): string {
  const each = cases === 0 ? 0 : Math.round(milliseconds / cases);
  return lineOfTexts([name, ...[points.size, cases, reached, done, survived, each].map(String)]);
}

function lineOfTexts([name = '', ...numbers]: string[]): string {
  return `${name.padEnd(32)}${numbers.map((text) => text.padStart(10)).join('')}`;
}

/** Numbers from 0 to 1 that are the same each time. */
function randomness(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Some of them: one of each fault, then another of each, and so on, at points that chance chooses. */
function sample(all: readonly Case[], count: number, random: () => number): Case[] {
  const shuffled = <T>(each: readonly T[]): T[] =>
    each
      .map((one) => ({ one, order: random() }))
      .sort((a, b) => a.order - b.order)
      .map(({ one }) => one);
  const byFault = shuffled([...Map.groupBy(shuffled(all), ({ fault }) => fault.name).values()]);
  const most = Math.max(0, ...byFault.map((cases) => cases.length));
  const inTurns = Array.from({ length: most }, (_, turn) => byFault.flatMap((cases) => cases[turn] ?? []));
  return inTurns.flat().slice(0, Math.ceil(count));
}
