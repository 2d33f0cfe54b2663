import { createReadStream } from 'node:fs';
import { currentVersion, recentCounts } from '../../ledger/versions.ts';
import { loadStaging } from '../../load/staging.ts';
import { mayHaveNoBytes } from '../../load/guards.ts';
import { prepareDelivery } from '../../load/prepare.ts';
import { deliveryKey } from '../../plan/facts.ts';
import type { StepWork } from '../run-context.ts';
import { ensureDataset } from './ensure.ts';
import { datasetOf, periodOfStep } from './lookup.ts';

/** Small reads cost the client twice the CPU per byte. */
const READ_BYTES = 256 * 1024;

/** Cache to staging, enriched and guarded: nothing that a reader can see. */
export const loadStep: StepWork = async (run, step, report) => {
  const dataset = datasetOf(run, step);
  const period = periodOfStep(step);
  const work = run.work.get(deliveryKey(dataset.name, period));
  const { file, object } = work ?? {};
  if (work === undefined || file === undefined || object === undefined)
    throw new RangeError(`step ${step.seq} has no file to load`);
  const { force } = run.plan.request;
  await ensureDataset(run, dataset, report);
  return run.lanes.use(async (client) => {
    const staged = await loadStaging({
      client,
      dataset,
      period,
      run: run.id,
      open: async () => createReadStream(file.path, { highWaterMark: READ_BYTES }),
      objectName: object.key,
      signal: run.signal,
      mayBeEmpty: mayHaveNoBytes(dataset, force),
      onProgress: ({ read, rows }) =>
        report.progress({
          bytes: read,
          totalBytes: file.bytes,
          phase: 'copy',
          ...(rows === undefined ? {} : { rows }),
        }),
    });
    report.progress({ rows: staged.rows, bytes: file.bytes, totalBytes: file.bytes, phase: 'enrich' });
    const published = await currentVersion(client, run.project.name, dataset.name, period);
    const prepared = await prepareDelivery({
      client,
      dataset,
      period,
      staged,
      run: run.id,
      history: await recentCounts(client, run.project.name, dataset.name, period),
      ...(published === undefined ? {} : { published }),
      force,
      signal: run.signal,
    });
    for (const finding of prepared.findings) report.note(finding.message);
    for (const note of prepared.notes) report.note(note);
    work.prepared = prepared;
    const forced = prepared.findings.filter((finding) => finding.forced).map(({ guard }) => guard);
    return {
      end: 'done',
      rows: prepared.kept,
      bytes: file.bytes,
      detail: {
        etag: object.etag,
        fileRows: prepared.rows,
        days: Object.keys(prepared.days).length,
        ...(forced.length === 0 ? {} : { forced }),
      },
    };
  });
};
