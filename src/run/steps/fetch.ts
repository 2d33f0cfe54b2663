import { markFetched, writeObjects } from '../../ledger/deliveries.ts';
import { deliveryKey } from '../../plan/facts.ts';
import type { Dataset, Period, SourceObject } from '../../project/model.ts';
import { fetchToCache } from '../../source/cache.ts';
import { retryText } from '../../source/retry.ts';
import type { ListedObject, Source } from '../../source/source.ts';
import type { RunContext, StepReport, StepWork } from '../run-context.ts';
import { datasetOf, nothingThere, periodOfStep, sourceOf } from './lookup.ts';

/** Source to verified cache: exactly the object that the plan names, or that came since the source was listed. */
export const fetchStep: StepWork = async (run, step, report) => {
  const dataset = datasetOf(run, step);
  const period = periodOfStep(step);
  const source = sourceOf(run, dataset);
  const object =
    run.cells.get(deliveryKey(dataset.name, period))?.object ??
    (await lookUp(run, source, dataset, period, report));
  if (object === undefined) throw nothingThere(run, dataset, period, source);
  const file = await fetchToCache({
    source,
    cache: run.cache,
    object,
    signal: run.signal,
    onProgress: ({ bytes, totalBytes }) => report.progress({ bytes, totalBytes, phase: 'fetch' }),
    onWait: () => report.progress({ phase: 'waiting for another download of it' }),
    onRetry: (retry) => report.note(retryText(retry)),
  });
  await run.lanes.use((client) => markFetched(client, run.project.name, dataset.name, period, object.etag));
  run.work.set(deliveryKey(dataset.name, period), { object, file });
  return {
    end: 'done',
    bytes: file.bytes,
    detail: { etag: object.etag, key: object.key, reused: file.reused },
  };
};

/** What the source has for a delivery now, written to the ledger; undefined when it has nothing. */
async function lookUp(
  run: RunContext,
  source: Source,
  dataset: Dataset,
  period: Period,
  report: StepReport,
): Promise<SourceObject | undefined> {
  report.progress({ phase: 'looking it up' });
  const found: ListedObject[] = [];
  for await (const each of source.list([dataset], run.signal, period)) found.push(each);
  if (found.length > 0) await run.lanes.use((client) => writeObjects(client, run.project.name, found));
  return found[0]?.object;
}
