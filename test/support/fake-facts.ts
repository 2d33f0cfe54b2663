import { type DeliveryFacts, deliveryKey } from '../../src/plan/facts.ts';
import type { Period, Project, SourceObject } from '../../src/project/model.ts';
import { addPeriods } from '../../src/project/period.ts';

export const RULES = 'rules-1';

/** Repeatable noise between 0 and 1. */
function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43_758.5453;
  return value - Math.floor(value);
}

function object(dataset: string, period: Period, scale: number): SourceObject & { firstSeen: string } {
  const modified = `${addPeriods(period, 1)}T00:41:07Z`;
  return {
    key: `${dataset}_${period}.csv`,
    size: Math.round(scale * 170),
    etag: `etag-${dataset}-${period}`,
    modified,
    firstSeen: modified,
  };
}

function loaded(dataset: string, period: Period, rows: number, run: number): DeliveryFacts {
  const at = object(dataset, period, rows);
  return {
    dataset,
    period,
    object: at,
    version: {
      version: 1,
      key: at.key,
      etag: at.etag,
      rows,
      rulesHash: RULES,
      findings: [],
      publishedAt: `${addPeriods(period, 1)}T01:12:40Z`,
      run: String(run),
    },
  };
}

/** What the ledger of a few months of good days knows, with the troubles of an ordinary week. */
export function fakeFacts(
  project: Project,
  today: Period,
  days: number,
  trouble: boolean,
): Map<string, DeliveryFacts> {
  const facts = new Map<string, DeliveryFacts>();
  for (const [index, { name, off }] of project.datasets.entries()) {
    if (off !== undefined) continue;
    const scale = [200_000, 4_100, 38_000, 91_000, 620, 310, 50_000][index % 7] as number;
    for (let back = days; back >= 1; back -= 1) {
      const period = addPeriods(today, -back);
      facts.set(
        deliveryKey(name, period),
        loaded(name, period, Math.round(scale * (0.85 + 0.3 * noise(index * 1000 + back))), 1900 - back),
      );
    }
  }
  if (trouble) addTrouble(facts, project, today);
  return facts;
}

type Change = (facts: DeliveryFacts) => DeliveryFacts;

function addTrouble(facts: Map<string, DeliveryFacts>, project: Project, today: Period): void {
  const change = (table: number, back: number, how: Change) => {
    const name = project.datasets[table]?.name;
    if (name === undefined) return;
    const key = deliveryKey(name, addPeriods(today, -back));
    const before = facts.get(key);
    if (before !== undefined) facts.set(key, how(before));
  };
  const bare = ({ dataset, period }: DeliveryFacts): DeliveryFacts => ({ dataset, period });
  const unloaded = (each: DeliveryFacts): DeliveryFacts => {
    const { version: _, ...rest } = each;
    return rest;
  };
  change(1, 9, (each) =>
    failed(
      unloaded(each),
      'Column "hour" of line 2,114 is no timestamp: "2026-11-13T25:00".',
      'load.malformed-row',
    ),
  );
  change(2, 9, (each) =>
    failed(
      unloaded(each),
      'The object has 9,104 bytes of 41,220: its download ended early.',
      'source.truncated',
    ),
  );
  change(3, 9, unloaded);
  change(4, 9, bare);
  change(0, 4, (each) =>
    each.object === undefined
      ? each
      : {
          ...each,
          object: { ...each.object, etag: 'etag-changed', modified: `${addPeriods(today, -1)}T17:20:44Z` },
        },
  );
  change(5, 16, (each) =>
    each.version === undefined
      ? each
      : {
          ...each,
          version: {
            ...each.version,
            rows: 0,
            findings: [
              { guard: 'rows', message: 'The file has a header and no rows; 180 to 420 are usual.' },
            ],
          },
        },
  );
  change(2, 1, unloaded);
  change(3, 1, (each) => {
    const { version: _, ...rest } = each;
    return rest.object === undefined
      ? rest
      : { ...rest, object: { ...rest.object, fetchedEtag: rest.object.etag } };
  });
  change(4, 20, (each) =>
    each.version === undefined ? each : { ...each, version: { ...each.version, rulesHash: 'rules-0' } },
  );
}

function failed(facts: DeliveryFacts, message: string, code: string): DeliveryFacts {
  return {
    ...facts,
    attempt: {
      run: '1841',
      kind: 'load',
      state: 'failed',
      at: `${addPeriods(facts.period, 1)}T07:02:11Z`,
      error: {
        code,
        message,
        facts: { line: 2114 },
        next: 'Nothing was published. Have the file delivered again, then retry.',
      },
    },
  };
}
