import type { Mismatch } from './compare.ts';
import { nameOf } from './compare.ts';
import type { Difference } from './differences.ts';
import type { Script } from './scripts.ts';

/** How many scripts of a feature end as psql ends them. */
export interface FeatureResult {
  feature: string;
  scripts: number;
  same: number;
  /** Known and intended. */
  different: number;
}

export function passTable(
  scripts: readonly Script[],
  mismatches: readonly Mismatch[],
  known: readonly Difference[],
): FeatureResult[] {
  const intended = new Set(known.map(({ script }) => script));
  const failed = new Set(mismatches.map(({ script }) => script));
  const features = [...new Set(scripts.map(({ feature }) => feature))];
  return features.map((feature) => {
    const own = scripts.filter((script) => script.feature === feature);
    return {
      feature,
      scripts: own.length,
      same: own.filter((script) => !failed.has(nameOf(script))).length,
      different: own.filter((script) => intended.has(nameOf(script))).length,
    };
  });
}

/** The table in lines, for people. */
export function passLines(results: readonly FeatureResult[]): string {
  const rows = results.map(
    ({ feature, scripts, same }) =>
      `${feature.padEnd(16)} ${String(same).padStart(4)} of ${String(scripts).padStart(4)}`,
  );
  const sum = (key: 'scripts' | 'same'): number => results.reduce((total, result) => total + result[key], 0);
  return [
    ...rows,
    `${'together'.padEnd(16)} ${String(sum('same')).padStart(4)} of ${String(sum('scripts')).padStart(4)}`,
  ].join('\n');
}
