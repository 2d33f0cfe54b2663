import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { periodRange, today } from '../project/period.ts';
import { DELIVERY_KINDS, deliveryKey, generateDelivery } from './data/deliveries.ts';
import { type DemoObject, type DemoScenario, demoObjects, demoScenario } from './data/scenario.ts';
import { type DemoState, writeState } from './demo-files.ts';
import type { DemoSource } from './story.ts';
import { runningS3Server } from './s3/claim.ts';
import { type S3Server, startS3Server } from './s3/server.ts';

export interface DemoBucketOptions {
  directory: string;
  state: DemoState;
  bucket: string;
  /** Weeks of deliveries that a new demo begins with. */
  weeks: number;
  /** In which 'yesterday' is meant. */
  timeZone: string;
  now: () => string;
  log: (line: string) => void;
  /** What dayboard needs besides the bucket. */
  variables: Readonly<Record<string, string>>;
}

const REGION = 'local';

/** The demo's S3 server and what is put into its bucket as the demo's story goes on. */
export class DemoBucket implements DemoSource {
  /** True when nothing was in it before: the demo starts over. */
  readonly isFresh: boolean;
  private readonly options: DemoBucketOptions;
  private readonly client: S3Client;
  private readonly endpoint: string;
  /** Undefined when another demo on the same directory serves it. */
  private readonly server: S3Server | undefined;
  private readonly objects: DemoObject[];
  private readonly timers = new Set<NodeJS.Timeout>();

  private constructor(options: DemoBucketOptions, endpoint: string, server: S3Server | undefined) {
    const { accessKeyId, secretAccessKey } = options.state;
    this.options = options;
    this.endpoint = endpoint;
    this.server = server;
    this.isFresh = options.state.put.length === 0;
    this.objects = demoObjects(storyOf(options));
    this.client = new S3Client({
      endpoint,
      region: REGION,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
  }

  /** Starts the server (or joins the one that serves the directory) and puts what should be there by now. */
  static async open(options: DemoBucketOptions): Promise<DemoBucket> {
    const directory = `${options.directory}/s3`;
    const running = await runningS3Server(directory);
    const { accessKeyId, secretAccessKey } = options.state;
    const server =
      running === undefined
        ? await startS3Server({ directory, accessKeyId, secretAccessKey, region: REGION })
        : undefined;
    const bucket = new DemoBucket(options, running ?? (server as S3Server).endpoint, server);
    if (server === undefined) return bucket;
    options.log(`started a local S3 server on ${server.endpoint}`);
    try {
      await bucket.fill();
    } catch (thrown) {
      await bucket.close();
      throw thrown;
    }
    return bucket;
  }

  get variables(): Record<string, string> {
    return {
      ...this.options.variables,
      S3_BUCKET_NAME: this.options.bucket,
      S3_ENDPOINT: this.endpoint,
      S3_REGION: REGION,
      S3_ACCESS_KEY_ID: this.options.state.accessKeyId,
      S3_SECRET_ACCESS_KEY: this.options.state.secretAccessKey,
    };
  }

  private async fill(): Promise<void> {
    if (this.isFresh) await this.client.send(new CreateBucketCommand({ Bucket: this.options.bucket }));
    const wanted = [...this.objects.filter((object) => object.when === 'start'), ...this.laterObjects()];
    const missing = wanted.filter((object) => !this.wasPut(object));
    if (missing.length > 0) this.options.log(`putting ${missing.length} deliveries into the bucket`);
    for (const object of missing) await this.put(object);
    writeState(this.options.directory, this.options.state);
  }

  /** Deliveries of the days that passed since the demo was made. */
  private laterObjects(): DemoObject[] {
    const yesterday = today(this.options.now(), this.options.timeZone).subtract({ days: 1 }).toString();
    const story = storyOf(this.options);
    return periodRange(this.options.state.madeOn, yesterday).flatMap((day) =>
      DELIVERY_KINDS.filter((kind) => kind !== 'pushers').map((dataset) => ({
        dataset,
        day,
        key: deliveryKey(dataset, day),
        body: () => generateDelivery(dataset, day, story.sizes),
        when: 'start' as const,
      })),
    );
  }

  startArrivals(arrived: () => void): void {
    if (this.server === undefined) return;
    for (const object of this.objects) {
      if (typeof object.when === 'string' || this.wasPut(object)) continue;
      const timer = setTimeout(
        // What does not arrive because the demo is stopped arrives after its next start.
        () => void this.putAndRemember([object]).then(arrived, () => undefined),
        object.when.seconds * 1000,
      );
      this.timers.add(timer.unref());
    }
  }

  stopArrivals(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  async afterLoad(): Promise<void> {
    await this.putAndRemember(
      this.objects.filter((object) => object.when === 'after-load' && !this.wasPut(object)),
    );
  }

  private async putAndRemember(objects: readonly DemoObject[]): Promise<void> {
    for (const object of objects) await this.put(object);
    if (objects.length > 0) writeState(this.options.directory, this.options.state);
  }

  private async put(object: DemoObject): Promise<void> {
    await this.client.send(
      new PutObjectCommand({ Bucket: this.options.bucket, Key: object.key, Body: object.body() }),
    );
    this.options.state.put.push(nameOf(object));
  }

  private wasPut(object: DemoObject): boolean {
    return this.options.state.put.includes(nameOf(object));
  }

  async close(): Promise<void> {
    this.stopArrivals();
    this.client.destroy();
    await this.server?.close();
  }
}

/** The changed object is put twice under one key. */
function nameOf(object: DemoObject): string {
  return object.when === 'after-load' ? `${object.key} (changed)` : object.key;
}

function storyOf(options: DemoBucketOptions): DemoScenario {
  return demoScenario(options.state.madeOn, options.weeks);
}
