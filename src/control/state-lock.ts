import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ShipError } from '../errors.ts';
import { makeFolder } from '../files/disk/make-folder.ts';
import { makePrivate } from './private-folder.ts';
import { identityOf } from './process-identity.ts';

/**
 * The right to work on a state directory, held by one process at a time.
 *
 * A lock is a file `lock/<generation>` that names its holder. A new holder never replaces the file of a dead one:
 * it makes the *next* generation with `link`, of which the file system lets only one succeed, and the highest
 * generation is never removed. So there is no moment in which two can believe that they took over, as there is
 * with "remove the stale file, then create". A holder that was killed is recognised by its process being gone.
 *
 * A full disk has no room for that file, and what previous jobs left there is swept only by a daemon that has started.
 * Then the generation is a symbolic link that leads nowhere and has the holder for a path: so short a path lies in the
 * entry of the link itself, for which there is room.
 */
export interface StateLock {
  release(): Promise<void>;
}

const holderSchema = z.object({ pid: z.number().int().positive(), mark: z.string(), released: z.boolean() });
type Holder = z.output<typeof holderSchema>;

/** Each try is lost to somebody who has won one meanwhile: more than these there are not. */
const MAX_TRIES = 100;
/** What a process that was killed at its start leaves of its entry. */
const DRAFT = 'draft-';
/** The path of a link that nobody holds any more. */
const RELEASED = 'released';

type WriteFile = (path: string, text: string) => Promise<void>;
const writeNew: WriteFile = (path, text) => writeFile(path, text, { mode: 0o600, flag: 'wx' });

/**
 * @param write - makes a file
 * @throws ShipError DAEMON_ALREADY_RUNNING · CONFIG_INVALID when the directory cannot be made, or is not ours alone ·
 *   the system's error
 */
export async function lockStateDir(stateDir: string, write = writeNew): Promise<StateLock> {
  await makePrivate(stateDir);
  const folder = join(stateDir, 'lock');
  await makeFolder(folder, 0o700);
  const own = await ownEntry();
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const generation = await tryToTake(folder, own, write);
    if (generation !== undefined) return { release: () => markReleased(folder, generation, own, write) };
  }
  throw alreadyRunning();
}

/** The process that holds the directory now; `undefined` when it is free. */
export async function holderOf(stateDir: string): Promise<{ readonly pid: number } | undefined> {
  const folder = join(stateDir, 'lock');
  const holder = await holderIn(folder, highest(await generationsIn(folder).catch(() => [])));
  return holder && (await isAlive(holder)) ? { pid: holder.pid } : undefined;
}

async function tryToTake(folder: string, own: Holder, write: WriteFile): Promise<number | undefined> {
  const top = highest(await generationsIn(folder));
  const holder = await holderIn(folder, top);
  if (holder && (await isAlive(holder))) throw alreadyRunning(holder.pid);
  const generation = top + 1;
  if (!(await create(folder, generation, own, write))) return undefined;
  // a slow starter may have made a generation that others have long left behind
  const present = await generationsIn(folder);
  if (highest(present) !== generation) return giveUp(folder, generation);
  const older = present.filter((other) => other < generation).map(String);
  const left = [...older, ...(await readdir(folder)).filter((name) => name.startsWith(DRAFT))];
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
  return generation;
}

async function giveUp(folder: string, generation: number): Promise<undefined> {
  await rm(join(folder, String(generation)), { force: true });
}

/** Whole or not at all; false when somebody else was first, who tidies up drafts as well. */
async function create(folder: string, generation: number, own: Holder, write: WriteFile): Promise<boolean> {
  const draft = draftIn(folder);
  const place = join(folder, String(generation));
  try {
    await write(draft, textOf(own))
      .then(() => link(draft, place))
      .catch(whereFull(() => symlink(`${own.pid}/${own.mark}`, place)));
    return true;
  } catch (error) {
    if (['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function markReleased(
  folder: string,
  generation: number,
  own: Holder,
  write: WriteFile,
): Promise<void> {
  const draft = draftIn(folder);
  const place = join(folder, String(generation));
  await write(draft, textOf({ ...own, released: true }))
    .then(() => rename(draft, place))
    .catch(
      whereFull(async () => {
        await rm(draft, { force: true });
        await symlink(RELEASED, draft);
        await rename(draft, place);
      }),
    );
}

const draftIn = (folder: string): string => join(folder, `${DRAFT}${randomUUID()}`);
const textOf = (holder: Holder): string => `${JSON.stringify(holder)}\n`;

const isFull = ({ code }: NodeJS.ErrnoException): boolean => code === 'ENOSPC' || code === 'EDQUOT';

const whereFull =
  (otherwise: () => Promise<void>) =>
  (error: NodeJS.ErrnoException): Promise<void> => {
    if (!isFull(error)) throw error;
    return otherwise();
  };

const generationsIn = async (folder: string): Promise<number[]> =>
  (await readdir(folder)).filter((name) => /^\d{1,15}$/.test(name)).map(Number);

const highest = (generations: readonly number[]): number => Math.max(0, ...generations);

async function holderIn(folder: string, generation: number): Promise<Holder | undefined> {
  const place = join(folder, String(generation));
  const path = await readlink(place).catch(() => undefined);
  if (path !== undefined) return holderOfLink(path);
  const text = await readFile(place, 'utf8').catch(() => '');
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function holderOfLink(path: string): Holder | undefined {
  const [, pid, mark = ''] = /^(\d{1,10})\/(.*)$/.exec(path) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), mark, released: false };
}

async function isAlive({ pid, mark, released }: Holder): Promise<boolean> {
  if (released) return false;
  const identity = await identityOf(pid);
  // one that can be seen but not looked at counts as alive: two daemons are worse than none
  return identity.state === 'alive' ? mark === '' || identity.mark === mark : identity.state === 'unknown';
}

async function ownEntry(): Promise<Holder> {
  const identity = await identityOf(process.pid);
  return { pid: process.pid, mark: identity.state === 'alive' ? identity.mark : '', released: false };
}

export function alreadyRunning(pid?: number): ShipError {
  const who = pid === undefined ? 'another process' : `process ${pid}`;
  return new ShipError('DAEMON_ALREADY_RUNNING', {
    summary: `A perry-ship daemon already works on this state directory: ${who}.`,
    reason: 'Two daemons would destroy each other’s machines.',
    nextStep:
      'Ask it with "perry-ship status", end it with "perry-ship drain", or give this one another PERRY_STATE_DIR.',
    detail: { pid },
  });
}
