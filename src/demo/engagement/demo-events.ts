import { Temporal } from 'temporal-polyfill';
import pg from 'pg';
import type { PlanRequest } from '../../plan/plan.ts';
import type { Day } from '../../project/model.ts';
import { firstDay, periodOf, periodRange, today } from '../../project/period.ts';
import type { Workspace } from '../../run/workspace.ts';
import { writeState } from '../demo-files.ts';
import type { DemoSource, Scene } from '../story.ts';
import { type EngagementEvent, eventsOf } from './events.ts';
import { createBuffer, createPeople } from './tables.ts';

export interface DemoEventsOptions extends Omit<Scene, 'postgres'> {
  /** Weeks of events that a new demo begins with. */
  weeks: number;
  timeZone: string;
  /** URLs of the two databases. */
  source: string;
  target: string;
}

const DATASET = 'evenement_engagement';
const LATE_AFTER_SECONDS = 45;
const [OWED_WEEK, LATE_EVENT] = ['the event of an owed week', 'the late event'];

/**
 * Two databases: the application's, which writes events into a buffer, and the one that they are copied to. People
 * are in both, as the nightly dump leaves them.
 */
export class DemoEvents implements DemoSource {
  readonly variables: Readonly<Record<string, string>>;
  readonly isFresh: boolean;
  private readonly options: DemoEventsOptions;
  private timer: NodeJS.Timeout | undefined;

  private constructor(options: DemoEventsOptions) {
    this.options = options;
    this.isFresh = options.state.put.length === 0;
    this.variables = { DUMP_RESTORE_DB_SOURCE: options.source, DUMP_RESTORE_DB_TARGET: options.target };
  }

  /** Makes what should be there by now: people in both databases, and the events of every day up to yesterday. */
  static async open(options: DemoEventsOptions): Promise<DemoEvents> {
    const demo = new DemoEvents(options);
    await connected(options.target, async (target) => {
      await createPeople(target);
      // As the nightly copy leaves it.
      await target.query('ALTER TABLE public.archive_jeune DROP COLUMN IF EXISTS donnees');
    });
    await connected(options.source, async (source) => {
      await createPeople(source);
      await createBuffer(source);
      await demo.fill(source);
    });
    return demo;
  }

  private async fill(source: pg.Client): Promise<void> {
    const { state, weeks, timeZone, now, log, directory } = this.options;
    const first = Temporal.PlainDate.from(state.madeOn).subtract({ days: weeks * 7 });
    const yesterday = today(now(), timeZone).subtract({ days: 1 });
    const missing = periodRange(first.toString(), yesterday.toString()).filter(
      (day) => !state.put.includes(day),
    );
    if (missing.length > 0) log(`writing the events of ${missing.length} days into the source database`);
    for (const day of missing) {
      await insertEvents(source, eventsOf(day));
      state.put.push(day);
    }
    writeState(directory, state);
  }

  startArrivals(arrived: () => void): void {
    if (this.options.state.put.includes(LATE_EVENT)) return;
    const twoDaysAgo = today(this.options.now(), this.options.timeZone).subtract({ days: 2 }).toString();
    this.timer = setTimeout(
      // What does not happen because the demo is stopped happens after its next start.
      () => void this.happen(LATE_EVENT, twoDaysAgo).then(arrived, () => undefined),
      LATE_AFTER_SECONDS * 1000,
    ).unref();
  }

  stopArrivals(): void {
    clearTimeout(this.timer);
  }

  /** People move, and a day of the week before is loaded without what is derived of it: that week is owed. */
  async afterLoad(workspace: Workspace): Promise<void> {
    const { state, now, timeZone, source, target } = this.options;
    if (state.put.includes(OWED_WEEK)) return;
    for (const url of [source, target]) await connected(url, movePeople);
    const monday = firstDay(periodOf(today(now(), timeZone).subtract({ days: 7 }), 'week'));
    const day = monday.add({ days: 3 }).toString();
    await this.happen(OWED_WEEK, day);
    const plan = await workspace.plan(importOf(day));
    await (await workspace.start(plan)).done;
  }

  private async happen(name: string, day: Day): Promise<void> {
    const { state, source, directory } = this.options;
    const event = eventsOf(day).at(-1);
    if (event === undefined) return;
    const [at, ...what] = event;
    const later = Temporal.Instant.from(at).subtract({ minutes: 30 }).toString({ fractionalSecondDigits: 6 });
    await connected(source, (client) => insertEvents(client, [[later, ...what]]));
    state.put.push(name);
    writeState(directory, state);
  }

  async close(): Promise<void> {
    this.stopArrivals();
  }
}

function importOf(day: Day): PlanRequest {
  return {
    command: 'import',
    cells: [{ dataset: DATASET, periods: [day] }],
    reprocess: ['all'],
    names: [],
    concurrency: 1,
    force: [],
  };
}

/** Three advisers get another agency, and some young people another programme. */
async function movePeople(client: pg.Client): Promise<void> {
  await client.query(
    `UPDATE public.conseiller SET id_agence = 'agence-12' WHERE id IN ('conseiller-3', 'conseiller-17', 'conseiller-40');
     UPDATE public.jeune SET dispositif = 'PACEA' WHERE dispositif = 'CEJ' AND right(id, 2) = '25'`,
  );
}

async function insertEvents(client: pg.Client, events: readonly EngagementEvent[]): Promise<void> {
  const columns = Array.from({ length: 8 }, (_, at) => events.map((event) => event[at] ?? null));
  await client.query(
    `INSERT INTO public.evenement_engagement_hebdo (date_evenement, categorie, action, nom, id_utilisateur, type_utilisateur, structure, code)
     SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])`,
    columns,
  );
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
