import { markFetched, writeObjects } from '../../ledger/deliveries.ts';
import { commandLine } from '../../plan/command-line.ts';
import { deliveryKey } from '../../plan/facts.ts';
import type { Dataset, Period, SourceObject } from '../../project/model.ts';
import { DayboardError } from '../../project/errors.ts';
import { fetchToCache } from '../../source/cache.ts';
import type { ListedObject, Source } from '../../source/source.ts';
import type { RunContext, StepReport, StepWork } from '../run-context.ts';
import { datasetOf, periodOfStep } from './lookup.ts';

/** Source to verified cache: exactly the object that the plan names, or that came since the source was listed. */
export const fetchStep: StepWork = async (run, step, report) => {
  const dataset = datasetOf(run, step);
  const period = periodOfStep(step);
  const source = run.sources.get(dataset.source);
  if (source === undefined) throw new RangeError(`no source "${dataset.source}"`);
  const object =
    run.cells.get(deliveryKey(dataset.name, period))?.object ??
    (await lookUp(run, source, dataset, period, report));
  if (object === undefined)
    throw nothingThere(run, {
      dataset: dataset.name,
      period,
      key: dataset.key.replaceAll('{period}', period),
      place: source.place,
    });
  const file = await fetchToCache({
    source,
    cache: run.cache,
    object,
    signal: run.signal,
    onProgress: ({ bytes, totalBytes }) => report.progress({ bytes, totalBytes, phase: 'fetch' }),
    onWait: () => report.progress({ phase: 'waiting for another download of it' }),
    onRetry: ({ attempt, reason }) => report.note(`try ${attempt + 1} after: ${reason}`),
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

function nothingThere(
  run: RunContext,
  missing: { dataset: string; period: Period; key: string; place: string },
): DayboardError {
  const { dataset, period, key, place } = missing;
  const again = commandLine(
    { ...run.plan.request, command: 'sync', cells: [{ dataset, periods: [period] }] },
    run.invocation,
  );
  return new DayboardError({
    code: 'source.object-missing',
    message: `There is no object ${key} in ${place}.`,
    facts: { key, place },
    next: `What was published before is as it was. Ask whoever delivers it; \`${again}\` loads it once it is there.`,
  });
}
