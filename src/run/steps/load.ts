import { createReadStream } from 'node:fs';
import type pg from 'pg';
import { writeObjects } from '../../ledger/deliveries.ts';
import { currentVersion, publishedObject, recentCounts } from '../../ledger/versions.ts';
import { keepsAbsent } from '../../load/keep-absent.ts';
import { loadRows } from '../../load/staging-rows.ts';
import { loadStaging } from '../../load/staging.ts';
import { mayHaveNoBytes } from '../../load/guards.ts';
import { prepareDelivery } from '../../load/prepare.ts';
import type { Staged } from '../../load/prepared.ts';
import { deliveryKey } from '../../plan/facts.ts';
import type { Dataset, Period, SourceObject } from '../../project/model.ts';
import type { RowStream, Source } from '../../source/source.ts';
import type { RunContext, StepReport, StepResult, StepWork } from '../run-context.ts';
import { ensureDataset } from './ensure.ts';
import { datasetOf, nothingThere, periodOfStep, sourceOf } from './lookup.ts';

/** Small reads cost the client twice the CPU per byte. */
const READ_BYTES = 256 * 1024;

/** A delivery on its way into staging. */
interface Loading {
  run: RunContext;
  report: StepReport;
  dataset: Dataset;
  period: Period;
}

/** Cache or source database to staging, enriched and guarded: nothing that a reader can see. */
export const loadStep: StepWork = async (run, step, report) => {
  const dataset = datasetOf(run, step);
  const period = periodOfStep(step);
  await ensureDataset(run, dataset, report);
  const source = sourceOf(run, dataset);
  const loading = { run, report, dataset, period };
  return source.rows === undefined
    ? run.lanes.use((client) => loadFile(loading, client))
    : run.lanes.use((client) => loadSelected(loading, source, client));
};

async function loadFile(loading: Loading, client: pg.Client): Promise<StepResult> {
  const { run, report, dataset, period } = loading;
  const { file, object } = run.work.get(deliveryKey(dataset.name, period)) ?? {};
  if (file === undefined || object === undefined)
    throw new RangeError(`${dataset.name} ${period} has no file to load`);
  const staged = await loadStaging({
    client,
    dataset,
    period,
    run: run.id,
    open: async () => createReadStream(file.path, { highWaterMark: READ_BYTES }),
    objectName: object.key,
    signal: run.signal,
    mayBeEmpty: mayHaveNoBytes(dataset, run.plan.request.force),
    onProgress: ({ read, rows }) =>
      report.progress({
        bytes: read,
        totalBytes: file.bytes,
        phase: 'copy',
        ...(rows === undefined ? {} : { rows }),
      }),
  });
  return prepare(loading, client, staged, object, { bytes: file.bytes, totalBytes: file.bytes });
}

/** The source is read over a connection of its own, in one snapshot, while the target takes the rows. */
async function loadSelected(loading: Loading, source: Source, client: pg.Client): Promise<StepResult> {
  const { run, report, dataset, period } = loading;
  report.progress({ phase: 'waiting for the source' });
  const rows = await source.rows?.(dataset, period, run.signal);
  try {
    const object = rows?.object ?? (await forgotten(loading, client, source));
    // It may be newer than what was listed, and what is published must not look older than it is.
    if (rows !== undefined)
      await writeObjects(client, run.project.name, [{ dataset: dataset.name, period, object }]);
    const staged = await loadRows({
      client,
      dataset,
      period,
      run: run.id,
      rows,
      signal: run.signal,
      onProgress: ({ bytes }) => report.progress({ bytes, phase: 'copy' }),
    });
    return await prepare(loading, client, staged, object, { bytes: staged.bytes }, announced(rows));
  } finally {
    rows?.close();
  }
}

function announced(rows: RowStream | undefined): Record<string, unknown> {
  return rows === undefined ? {} : { announced: rows.rows, copied: rows.copied() };
}

/** What a source has forgotten is loaded again from what is published of it. */
async function forgotten(
  { run, report, dataset, period }: Loading,
  client: pg.Client,
  source: Source,
): Promise<SourceObject> {
  const object = keepsAbsent(dataset)
    ? await publishedObject(client, run.project.name, dataset.name, period)
    : undefined;
  if (object === undefined) throw nothingThere(run, dataset, period, source);
  report.note(
    `the source has no row of ${dataset.name} ${period} any more: what is published is computed anew`,
  );
  return object;
}

/** Enriches and guards what was staged, and leaves it for the publish. */
async function prepare(
  { run, report, dataset, period }: Loading,
  client: pg.Client,
  staged: Staged,
  object: SourceObject,
  size: { bytes: number; totalBytes?: number },
  detail: Record<string, unknown> = {},
): Promise<StepResult> {
  report.progress({ rows: staged.rows, ...size, phase: 'enrich' });
  const { force } = run.plan.request;
  const published = await currentVersion(client, run.project.name, dataset.name, period);
  const prepared = await prepareDelivery({
    client,
    project: run.project.name,
    dataset,
    period,
    staged,
    run: run.id,
    history: await recentCounts(client, run.project.name, dataset.name, period),
    ...(published === undefined ? {} : { published }),
    force,
    lend: (work) => run.lanes.lend(work),
    signal: run.signal,
  });
  for (const finding of prepared.findings) report.note(finding.message);
  for (const note of prepared.notes) report.note(note);
  const key = deliveryKey(dataset.name, period);
  run.work.set(key, { ...run.work.get(key), object, prepared });
  const forced = prepared.findings.filter((finding) => finding.forced).map(({ guard }) => guard);
  return {
    end: 'done',
    rows: prepared.kept,
    bytes: size.bytes,
    detail: {
      etag: object.etag,
      fileRows: prepared.rows,
      ...detail,
      ...(prepared.absent === undefined ? {} : { absent: prepared.absent }),
      days: Object.keys(prepared.days).length,
      ...(forced.length === 0 ? {} : { forced }),
    },
  };
}
