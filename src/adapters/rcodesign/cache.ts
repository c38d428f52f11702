import { mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../files/disk/make-folder.ts';
import { probe } from './probe.ts';
import { rcodesignVersion } from './release.ts';

const installName = `rcodesign-${rcodesignVersion}`;
/** What a killed installation left is removed after this time; none takes nearly as long. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

export const cachedProgram = (cache: string): string => join(cache, installName, 'bin', 'rcodesign');

/**
 * Fills a private folder with `bin/rcodesign` by `fill`, then renames it into its place in the cache. Of several
 * processes that do so at once one wins, and the others use what it put there.
 *
 * @throws what `fill` threw · Error when the program that was put in place is not the expected one
 */
export async function installInto(
  cache: string,
  fill: (folder: string) => Promise<void>,
  signal: AbortSignal,
): Promise<string> {
  await makeFolder(cache);
  await removeAbandoned(cache);
  const folder = await mkdtemp(join(cache, `.${installName}-`));
  try {
    await fill(folder);
    await requireUsable(join(folder, 'bin', 'rcodesign'), signal);
    await moveIntoPlace(folder, cache, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return cachedProgram(cache);
}

async function requireUsable(program: string, signal: AbortSignal): Promise<void> {
  const { usable, answer } = await probe(program, signal);
  if (!usable) throw new Error(`the new program does not answer as expected: ${answer}`);
}

async function moveIntoPlace(folder: string, cache: string, signal: AbortSignal): Promise<void> {
  const place = join(cache, installName);
  if (await renamed(folder, place)) return;
  if ((await probe(cachedProgram(cache), signal)).usable) return;
  await renamed(place, join(folder, 'replaced'));
  if (await renamed(folder, place)) return;
  await requireUsable(cachedProgram(cache), signal);
}

/** False when the target is there already, or the source has gone: another process was quicker. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (thrown) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((thrown as NodeJS.ErrnoException).code ?? ''))
      return false;
    throw thrown;
  }
}

async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(`.${installName}-`)) continue;
    const path = join(cache, name);
    const modifiedAt = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    );
    if (Date.now() - modifiedAt > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}
