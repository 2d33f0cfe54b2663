import { DayboardError } from '../project/errors.ts';
import type { Dataset, Period, PeriodUnit, SourceObject } from '../project/model.ts';
import { addPeriods, firstDay } from '../project/period.ts';
import type { ListedObject } from './source.ts';

/** How the keys of one dataset's objects look. */
export interface KeyPattern {
  dataset: string;
  /** What every key begins with: the text before `{period}`, and the period where there is only one. */
  prefix: string;
  /** No key of interest stands before this one or is this one: from `since`. */
  startAfter?: string;
  /** The period that a key is for, or undefined when it is no key of this dataset. */
  match(key: string): Period | undefined;
}

const PLACEHOLDER = '{period}';
const COMPRESSED = /\.(?:gz|zst)$/;
const UNIT_FORMS: Record<PeriodUnit, string> = {
  day: '\\d{4}-\\d{2}-\\d{2}',
  week: '\\d{4}-W\\d{2}',
  month: '\\d{4}-\\d{2}',
};

/**
 * The pattern of a dataset's keys, plain and compressed, or of those of one period. Fails with 'config.key' when the
 * definition has no place for the period.
 */
export function keyPattern(
  dataset: Pick<Dataset, 'name' | 'key' | 'period' | 'since'>,
  only?: Period,
): KeyPattern {
  const [prefix = '', ...rest] = dataset.key.replace(COMPRESSED, '').split(PLACEHOLDER);
  if (rest.length === 0) {
    throw new DayboardError({
      code: 'config.key',
      kind: 'usage',
      message: `The key of dataset ${dataset.name} does not say where the period stands.`,
      facts: { dataset: dataset.name, key: dataset.key },
      next: `Write it with ${PLACEHOLDER}, as in "${dataset.name}_${PLACEHOLDER}.csv".`,
    });
  }
  // Where the period stands several times, it must be the same one.
  const form = `^${escaped(prefix)}(${only === undefined ? UNIT_FORMS[dataset.period] : escaped(only)})${rest.map(escaped).join('\\1')}(?:\\.gz|\\.zst)?$`;
  const expression = new RegExp(form, 'u');
  const { since } = dataset;
  return {
    dataset: dataset.name,
    prefix: prefix + (only ?? ''),
    ...(since === undefined || only !== undefined ? {} : { startAfter: prefix + addPeriods(since, -1) }),
    match: (key) => {
      const period = key.startsWith(prefix) ? expression.exec(key)?.[1] : undefined;
      return period !== undefined && (since === undefined || period >= since) && isReal(period)
        ? period
        : undefined;
    },
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** False for '2024-02-30', and for the year 0, which databases do not have. */
function isReal(period: Period): boolean {
  try {
    return firstDay(period).year > 0;
  } catch {
    return false;
  }
}

/** One pass over a listing: the keys with a common beginning, and the patterns to hold them against. */
export interface Listing {
  prefix: string;
  startAfter: string | undefined;
  patterns: KeyPattern[];
}

/** The fewest passes that see every key of the patterns, none of them twice. */
export function listings(patterns: readonly KeyPattern[]): Listing[] {
  const found: Listing[] = [];
  for (const pattern of [...patterns].sort((a, b) => compareBytes(a.prefix, b.prefix))) {
    const last = found.at(-1);
    if (last === undefined || !pattern.prefix.startsWith(last.prefix)) {
      found.push({ prefix: pattern.prefix, startAfter: pattern.startAfter, patterns: [pattern] });
      continue;
    }
    last.patterns.push(pattern);
    last.startAfter = earlier(last.startAfter, pattern.startAfter);
  }
  return found;
}

function earlier(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return undefined;
  return compareBytes(a, b) <= 0 ? a : b;
}

/** The order of S3 listings. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Collects the objects of deliveries; of several for one delivery, the one modified last stands. */
export class Deliveries {
  readonly #found = new Map<string, ListedObject>();

  add(dataset: string, period: Period, object: SourceObject): void {
    const name = `${dataset} ${period}`;
    const other = this.#found.get(name)?.object;
    if (other === undefined || isNewer(object, other)) this.#found.set(name, { dataset, period, object });
  }

  values(): Iterable<ListedObject> {
    return this.#found.values();
  }
}

/** By time of change; of the same moment, the plain one, whose key is shorter. */
function isNewer(a: SourceObject, b: SourceObject): boolean {
  const difference = Date.parse(a.modified) - Date.parse(b.modified);
  return difference === 0 ? a.key.length < b.key.length : difference > 0;
}
