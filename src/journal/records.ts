import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readBoundedText } from '../files/disk/bounded-file.ts';
import { openDraft } from '../files/disk/draft.ts';
import { makeFolder } from '../files/disk/make-folder.ts';
import { setAside } from '../files/disk/set-aside.ts';

/** Keys become file names: what ours are made of, and nothing that could lead out of the folder. */
const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const SUFFIX = '.json';
/** Far above what is written. */
const MAX_BYTES = 1024 * 1024;
/** A record, or the draft of one: a process that was killed while it wrote leaves the draft. */
const FILE_NAME = /^(?<key>.+)\.json(\.[0-9a-f]{8})?$/;
/** As `setAside` names it. */
const UNREAD = /\.json\.unread(\.\d)?$/;

/**
 * Small records on disk, one file each (0600): old content or new, never half of it, also when the power fails.
 * What cannot be read back as an object (a disk that lost it) counts as not there, and is moved aside.
 */
export interface Records {
  /** @throws ShipError STATE_UNREADABLE when it cannot be read, and not be moved aside */
  get(key: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** On the disk when it returns. */
  put(key: string, record: Readonly<Record<string, unknown>>): Promise<void>;
  remove(key: string): Promise<void>;
  /** Also of records that were never written to their end: what they announce was not begun, and removing is harmless. */
  keys(): Promise<readonly string[]>;
  /** Removes records that were written longer ago, drafts that nobody has finished in that time, and what was moved aside. */
  forgetOlderThan(ageMs: number): Promise<void>;
}

export function recordsIn(folder: string): Records {
  const pathOf = (key: string): string => {
    if (!KEY.test(key)) throw new Error(`"${key.slice(0, 40)}" cannot be the name of a record`);
    return join(folder, `${key}${SUFFIX}`);
  };
  return {
    get: (key) => readRecord(pathOf(key)),
    put: async (key, record) => {
      await makeFolder(folder, 0o700);
      const draft = `${pathOf(key)}.${randomBytes(4).toString('hex')}`;
      await writeWhole(pathOf(key), `${JSON.stringify(record)}\n`, draft);
    },
    remove: async (key) => {
      await rm(pathOf(key), { force: true });
      const drafts = (await namesIn(folder)).filter((name) => keyIn(name) === key);
      await Promise.all(drafts.map((name) => rm(join(folder, name), { force: true })));
    },
    keys: async () => [...new Set((await namesIn(folder)).flatMap((name) => keyIn(name) ?? []))],
    forgetOlderThan: async (ageMs) => {
      const oldest = Date.now() - ageMs;
      for (const name of (await namesIn(folder)).filter((each) => keyIn(each) || UNREAD.test(each))) {
        const path = join(folder, name);
        const file = await stat(path).catch(() => undefined);
        if (file && file.mtimeMs < oldest) await rm(path, { force: true });
      }
    },
  };
}

/** A folder that cannot be read is not an empty one: what it has would be taken for gone. */
const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
const keyIn = (name: string): string | undefined => FILE_NAME.exec(name)?.groups?.key;

/** Every run makes bytes of its own, and no hub gives a job out for so long: what is this old does not come back. */
const KEPT_MS = 30 * 24 * 3_600_000;

export const forgetOld = (records: Records): Promise<void> => records.forgetOlderThan(KEPT_MS);

async function readRecord(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const read = await readBoundedText(path, MAX_BYTES);
    const value: unknown = 'text' in read && JSON.parse(read.text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  }
  setAside(path);
  return undefined;
}

/**
 * Old content or new, never half of it, and on the disk when it returns; what lies in the place of the draft is removed.
 *
 * @param draft - in the same folder, nobody else's
 */
export async function writeWhole(path: string, text: string, draft: string): Promise<void> {
  await writeDraft(draft, text);
  await putInPlace(draft, path);
}

/** The first half of `writeWhole`. */
export async function writeDraft(draft: string, text: string): Promise<void> {
  const file = await openDraft(draft);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The other one. */
export async function putInPlace(draft: string, path: string): Promise<void> {
  await rename(draft, path);
  const directory = await open(dirname(path), 'r');
  await directory.sync().finally(() => directory.close());
}
