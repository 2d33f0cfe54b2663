// Writes the README's tables that are made from code and results: keys, corrections, benchmark. usage: node scripts/readme.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyTable } from '../src/actions/table.ts';
import type { Correction } from '../src/project/model.ts';
import type { ProjectDefinition } from '../src/project/define.ts';
import passEmploi from '../src/systems/pass-emploi/index.ts';
import tchapStats from '../src/systems/tchap-stats/index.ts';
import { benchmarkTable } from './benchmark/table.ts';

const README = join(import.meta.dirname, '..', 'README.md');

function correctionTable(definition: ProjectDefinition): string {
  const project = definition.resolve({});
  const parts = [...project.datasets, ...project.rollups, ...project.aggregates];
  const rows = parts.flatMap(({ name, corrections }) =>
    corrections.map(
      ({ original, corrected, parity }: Correction) =>
        `| ${name} | ${original} | ${corrected} | ${parity === undefined ? '' : `\`${parity}\``} |`,
    ),
  );
  return ['| | the original | dayboard | parity |', '|---|---|---|---|', ...rows].join('\n');
}

/** The README with its made tables as they should be. */
export function readmeAsMade(text: string): string {
  const tables: Record<string, string> = {
    keys: keyTable(),
    corrections: correctionTable(tchapStats),
    'corrections of pass-emploi': correctionTable(passEmploi),
    benchmark: benchmarkTable(),
  };
  return Object.entries(tables).reduce((whole, [name, table]) => {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    return `${whole.slice(0, whole.indexOf(begin) + begin.length)}\n${table}\n${whole.slice(whole.indexOf(end))}`;
  }, text);
}

if (process.argv[1] === import.meta.filename)
  writeFileSync(README, readmeAsMade(readFileSync(README, 'utf8')));
