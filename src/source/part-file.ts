import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, lstat, open, rename, rm, writeFile } from 'node:fs/promises';
import { cacheRefused } from './cache-errors.ts';
import { systemCode, throwIfCancelled } from './errors.ts';
import {
  isDead,
  newState,
  type PartPlace,
  partPath,
  readState,
  type State,
  statePath,
  tokens,
} from './part-state.ts';

/** One piece of the file, loaded by itself. */
export interface Part {
  index: number;
  /** First byte. */
  from: number;
  /** Last byte, included; `from - 1` in an empty file. */
  to: number;
}

/** How often the owner shows that he lives, in milliseconds. */
const BEAT_MS = 500;

/** The token that every new file begins with. */
const FIRST = '0'.repeat(16);

export interface ClaimOptions {
  signal?: AbortSignal | undefined;
  /** Called once when another process is at the same file and is waited for. */
  onWait?: (() => void) | undefined;
}

/**
 * A file on its way into the cache. Its name holds a token of its owner: who renames it to a token of his own has it,
 * so that of two processes only one goes on with it. The owner touches the state beside it twice a second; a file
 * whose owner has died is taken over and goes on where it stopped. Should an owner only have seemed dead, he and the
 * new one write the same bytes to the same places, and only one of them finds the file when it is to be renamed.
 */
export class PartFile {
  readonly place: PartPlace;
  readonly #token: string;
  readonly #handle: FileHandle;
  readonly #state: State;
  readonly #beat: NodeJS.Timeout;
  #isDirty = true;
  #saving: Promise<void> = Promise.resolve();

  private constructor(place: PartPlace, token: string, handle: FileHandle, state: State) {
    this.place = place;
    this.#token = token;
    this.#handle = handle;
    this.#state = state;
    // A beat that fails is made up for by the next; the disk's errors show where the data is written.
    this.#beat = setInterval(() => void this.save().catch(() => undefined), BEAT_MS).unref();
  }

  /**
   * The file of an entry, to be written by this process only: the one that an earlier try left, else a new one.
   * While another process is at it, waits; undefined when `isDone` says that the other has brought it in.
   */
  static async claim(
    place: PartPlace,
    isDone: () => Promise<boolean>,
    options: ClaimOptions = {},
  ): Promise<PartFile | undefined> {
    let waited = false;
    const wait = (): void => {
      if (!waited) options.onWait?.();
      waited = true;
    };
    while (!(await isDone())) {
      throwIfCancelled(options.signal);
      const [token] = await tokens(place);
      const file =
        token === undefined
          ? await PartFile.#create(place)
          : await PartFile.#takeOver(place, token, wait, options.signal);
      if (file !== undefined) return file;
    }
    return undefined;
  }

  /**
   * A new file; undefined when there is one. All begin under one name, which only one process can have: whoever has
   * it sees every file that is there.
   */
  static async #create(place: PartPlace): Promise<PartFile | undefined> {
    const first = partPath(place, FIRST);
    const own = newToken();
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    let handle: FileHandle;
    try {
      handle = await open(first, flags, 0o600);
    } catch (thrown) {
      if (systemCode(thrown) === 'EEXIST') return undefined;
      throw thrown;
    }
    const isAlone = (await tokens(place)).every((token) => token === FIRST);
    if (isAlone && (await renamed(first, partPath(place, own)))) {
      const file = new PartFile(place, own, handle, newState(place));
      await file.save();
      return file;
    }
    await handle.close();
    if (!isAlone) await rm(first, { force: true });
    return undefined;
  }

  /** A file that was left; undefined when it has an owner or is gone. */
  static async #takeOver(
    place: PartPlace,
    token: string,
    onWait: () => void,
    signal: AbortSignal | undefined,
  ): Promise<PartFile | undefined> {
    const state = await readState(place, token);
    if (state?.released !== true && !(await isDead(place, token, onWait, signal))) return undefined;
    const own = newToken();
    if (!(await renamed(partPath(place, token), partPath(place, own)))) return undefined;
    // Read again: the owner may have written it since, and from now on nobody does.
    const last = await readState(place, token);
    const handle = await openOwn(partPath(place, own));
    const isWhole = last !== undefined && (await handle.stat()).size >= lengthOf(last);
    const file = new PartFile(place, own, handle, isWhole ? { ...last, released: false } : newState(place));
    await file.save();
    await rm(statePath(place, token), { force: true });
    return file;
  }

  /** Bytes that have arrived. */
  get bytes(): number {
    return this.#state.done.reduce((sum, each) => sum + each, 0);
  }

  get md5(): string | undefined {
    return this.#state.md5;
  }

  set md5(md5: string | undefined) {
    if (md5 !== undefined) this.#state.md5 = md5;
  }

  /** The pieces that have not arrived whole, each from where it goes on. */
  missing(): Part[] {
    const { size, partSize, done } = this.#state;
    return done
      .map((bytes, index) => ({
        index,
        from: index * partSize + bytes,
        to: Math.min((index + 1) * partSize, size) - 1,
      }))
      .filter(({ from, to }) => from <= to);
  }

  /** Writes the next bytes of a part. */
  async append(part: Part, chunks: readonly Buffer[]): Promise<void> {
    const done = this.#state.done[part.index] ?? 0;
    let position = part.index * this.#state.partSize + done;
    let rest = chunks;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#handle.writev(rest, position);
      position += bytesWritten;
      rest = after(rest, bytesWritten);
    }
    this.#state.done[part.index] = position - part.index * this.#state.partSize;
    this.#isDirty = true;
  }

  /** The bytes as they are in the file. */
  read(): AsyncIterable<Buffer> {
    return this.#handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1024 * 1024 });
  }

  /** Writes down what has arrived, once it is on disk. */
  save(): Promise<void> {
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#save());
    return this.#saving;
  }

  async #save(): Promise<void> {
    // Taken before the flush: what arrives meanwhile is not claimed.
    const text = JSON.stringify(this.#state);
    if (this.#isDirty) {
      this.#isDirty = false;
      await this.#handle.datasync().catch((thrown: unknown) => {
        this.#isDirty = true;
        throw thrown;
      });
    }
    const path = statePath(this.place, this.#token);
    await rm(`${path}.new`, { force: true });
    await writeFile(`${path}.new`, text, { mode: 0o600, flag: 'wx' });
    await rename(`${path}.new`, path);
  }

  /** Moves the whole file to its place, durably. False when another process has taken the file over. */
  async publish(path: string): Promise<boolean> {
    await this.#end();
    try {
      await this.#handle.truncate(this.place.size);
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
    if (!(await renamed(partPath(this.place, this.#token), path))) return false;
    await rm(statePath(this.place, this.#token), { force: true });
    await syncDirectory(this.place.directory);
    return true;
  }

  /** Leaves the file for the next try. */
  async release(): Promise<void> {
    await this.#end();
    this.#state.released = true;
    try {
      await this.save();
    } finally {
      await this.#handle.close();
    }
  }

  /** Removes the file. */
  async discard(): Promise<void> {
    await this.#end();
    await this.#handle.close();
    await rm(partPath(this.place, this.#token), { force: true });
    await rm(statePath(this.place, this.#token), { force: true });
  }

  async #end(): Promise<void> {
    clearInterval(this.#beat);
    await this.#saving.catch(() => undefined);
  }
}

/** False when there is nothing of the old name any more. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

function newToken(): string {
  return randomBytes(8).toString('hex');
}

async function openOwn(path: string): Promise<FileHandle> {
  const found = await lstat(path);
  if (!found.isFile()) throw cacheRefused(path, 'it is no file');
  return open(path, constants.O_RDWR | constants.O_NOFOLLOW);
}

/** How long a file must be, to hold what its state says. */
function lengthOf({ partSize, done }: State): number {
  return Math.max(0, ...done.map((bytes, index) => (bytes === 0 ? 0 : index * partSize + bytes)));
}

/** The chunks without their first `bytes`. */
function after(chunks: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  return chunks.flatMap((chunk) => {
    const taken = Math.min(left, chunk.length);
    left -= taken;
    return taken === chunk.length ? [] : [chunk.subarray(taken)];
  });
}

/** Makes a rename last; not every file system can. */
async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The file itself is safe; at worst it is loaded again after a power cut.
  }
}
