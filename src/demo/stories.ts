import { DayboardError } from '../project/errors.ts';
import { nearest } from '../project/nearest.ts';
import { DemoBucket } from './demo-bucket.ts';
import { DemoEvents } from './engagement/demo-events.ts';
import type { DemoStory } from './story.ts';

/** The zone that both systems count their days in. */
const PARIS = 'Europe/Paris';

const BUCKET = 'dayboard-demo';
const [MESSENGER, SOURCE, TARGET] = ['dayboard_demo', 'engagement_source', 'engagement_target'];

/** Files in a bucket: one day is missing, one failed, one is stale and one arrived corrupt. */
const messenger: DemoStory = {
  system: 'tchap-stats',
  folder: 'demo',
  // The exporters stamp visits at midnight in Paris: in that zone each delivery's rows are of its own days.
  timeZone: PARIS,
  weeks: 5,
  databases: [MESSENGER],
  open: (scene) =>
    DemoBucket.open({
      ...scene,
      bucket: BUCKET,
      weeks: messenger.weeks,
      timeZone: PARIS,
      variables: {
        DATABASE_URL: scene.postgres.connectionString(MESSENGER),
        TCHAP_STATS_TIME_ZONE: PARIS,
      },
    }),
};

/** Events in another database: one week is owed, and one event comes late. */
const engagement: DemoStory = {
  system: 'pass-emploi',
  folder: 'demo-pass-emploi',
  timeZone: PARIS,
  weeks: 10,
  databases: [TARGET, SOURCE],
  open: (scene) =>
    DemoEvents.open({
      ...scene,
      weeks: engagement.weeks,
      timeZone: PARIS,
      source: scene.postgres.connectionString(SOURCE),
      target: scene.postgres.connectionString(TARGET),
    }),
};

const STORIES: readonly DemoStory[] = [messenger, engagement];

/**
 * The demo of a system; the first one's when none is named.
 * @throws 'usage.demo' when the system has none
 */
export function storyOf(system: string | undefined): DemoStory {
  const found = STORIES.find((story) => system === undefined || story.system === system);
  if (found !== undefined) return found;
  const known = STORIES.map((story) => story.system);
  const near = nearest(system ?? '', known);
  throw new DayboardError({
    code: 'usage.demo',
    kind: 'usage',
    message: `There is no demo of "${system}".`,
    facts: { system },
    next: `${near === undefined ? '' : `Did you mean "${near}"? `}There are demos of ${known.join(', ')}: dayboard demo --config NAME.`,
  });
}
