import { defineProject } from '../../project/define.ts';
import type { AggregateInput, ViewInput } from '../../project/input.ts';
import { aggregates } from './aggregates.ts';
import { checks } from './checks.ts';
import { copies } from './copies.ts';
import { events } from './datasets.ts';
import { systemScripts } from '../scripts.ts';
import { readSettings, type Settings, SYSTEM, TARGET_URL, TIME_ZONE } from './settings.ts';
import { sources } from './sources.ts';
import { extracts, views } from './tables.ts';

/**
 * The analytics of Pass Emploi (CEJ): events of the application, copied from its database every night into one that
 * Metabase reads, and weekly aggregates. Runs with the variables that the original has (DUMP_RESTORE_DB_SOURCE,
 * DUMP_RESTORE_DB_TARGET); settings.ts and copies.ts have those of this definition. What differs from the original stands in the `corrections` of each part.
 */
export default defineProject((environment) => {
  const settings = readSettings(environment, relations());
  return {
    name: SYSTEM,
    title: 'Pass Emploi analytics',
    timeZone: TIME_ZONE,
    urlVariable: TARGET_URL,
    schedule: { at: '02:30', timeZone: TIME_ZONE },
    sources,
    datasets: [events()],
    copies: copies(environment, { datasets: [events()], ...derived(settings) }),
    ...derived(settings),
    checks: checks(),
    scripts: systemScripts(SYSTEM),
    existing: settings.existing,
    parity: [...settings.parity],
  };
});

function derived(settings: Settings): { aggregates: AggregateInput[]; views: ViewInput[] } {
  return { aggregates: [...aggregates(settings), ...extracts(events())], views: views() };
}

/** Every relation that is computed here, 'schema.name'. */
function relations(): string[] {
  const { aggregates: computed, views: seen } = derived({ parity: new Set(), existing: {} });
  const names = [...computed.map((each) => each.table.name ?? each.name), ...seen.map(({ name }) => name)];
  return names.map((name) => `public.${name}`);
}
