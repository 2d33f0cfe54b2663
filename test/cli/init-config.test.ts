import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configText, type InitAnswers, parseColumns } from '../../src/cli/init-config.ts';
import { loadConfig } from '../../src/project/load-config.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dayboard-init-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const ANSWERS: InitAnswers = {
  name: 'site-visits',
  timeZone: 'Europe/Paris',
  dataset: 'visits',
  key: 'exports/visits_{period}.csv',
  columns: [
    { name: 'id', type: 'text', nullable: false },
    { name: 'Seen at', type: 'timestamptz', nullable: false },
    { name: "it's", type: 'numeric(10, 2)', nullable: true },
  ],
  table: 'raw_visits',
};

async function load(text: string) {
  const file = join(directory, 'dayboard.config.ts');
  writeFileSync(file, text);
  const { definition } = await loadConfig({ config: file, directory, systems: {} });
  return definition.resolve({});
}

describe('a definition that init writes', () => {
  it('loads, and says what was answered', async () => {
    const project = await load(configText(ANSWERS));
    expect(project).toMatchObject({
      name: 'site-visits',
      timeZone: 'Europe/Paris',
      sources: { s3: { kind: 's3' } },
    });
    const [dataset] = project.datasets;
    expect(dataset).toMatchObject({ name: 'visits', key: 'exports/visits_{period}.csv', period: 'day' });
    expect(dataset?.file.map((column) => column.header)).toEqual(['id', 'Seen at', "it's"]);
    expect(dataset?.table.name).toBe('raw_visits');
    expect(dataset?.table.columns.map(({ name, type, nullable }) => [name, type, nullable])).toEqual([
      ['id', 'text', false],
      ['Seen at', 'timestamptz', false],
      ["it's", 'numeric(10, 2)', true],
      ['delivery_day', 'date', false],
    ]);
  });

  it('reads a folder when one was named', async () => {
    const project = await load(configText({ ...ANSWERS, directory: "./it's here" }));
    expect(project.sources).toEqual({ files: { kind: 'directory', path: "./it's here" } });
  });

  it('stamps the day under another name when the file has a column of that one', async () => {
    const columns = [{ name: 'delivery_day', type: 'date', nullable: false }];
    const project = await load(configText({ ...ANSWERS, columns }));
    expect(project.datasets[0]?.table.columns.map((column) => column.name)).toEqual([
      'delivery_day',
      'delivery_day_',
    ]);
  });

  it('still loads with the rollup that it has in comments', async () => {
    const text = configText(ANSWERS).replace(/ {2}rollups: \[\n([\s\S]*?)\n {2}\],/, (block) =>
      block.replaceAll('// ', ''),
    );
    const project = await load(text);
    expect(project.rollups.map((rollup) => rollup.name)).toEqual(['visits_per_day']);
  });
});

describe('a list of columns', () => {
  it('has names, types with their commas, and marks for NULL', () => {
    expect(parseColumns('id:text, amount:numeric(10,2)?,seen at : timestamp with time zone')).toEqual([
      { name: 'id', type: 'text', nullable: false },
      { name: 'amount', type: 'numeric(10,2)', nullable: true },
      { name: 'seen at', type: 'timestamp with time zone', nullable: false },
    ]);
  });

  it.each(['', 'id', 'id:', ':text', 'id:text,'])('is none when it is "%s"', (text) => {
    expect(parseColumns(text)).toBeUndefined();
  });
});
