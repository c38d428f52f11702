import { rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path/posix';
import { Readable } from 'node:stream';
import { putFile } from '../../adapters/guest/transfer.ts';
import { DigestTap } from '../../files/code-signature/resource-digests.ts';
import { writtenTo } from '../../files/disk/digested-file.ts';
import { readAhead } from '../../files/disk/read-ahead.ts';
import { DMG_HEAD_BYTES, DmgWriter, volumeEntriesOf } from '../../files/dmg/write.ts';
import type { VolumeEntry } from '../../formats/hfsplus/tree.ts';
import type { PartialDmg } from '../partial-dmg.ts';
import { need, type RunResults } from '../run-results.ts';
import { artifactPlace } from './artifact-place.ts';
import { ImageRecipe } from './image-recipe.ts';
import { asPacked, isStillRight, type ListedTree, listedTree, resourceOf } from './packed-resources.ts';
import type { GuestStepScope } from './step.ts';

/** Of 1 MiB each: the next ones are compressed while the last one is on its way. */
export const PARTS_AHEAD = 3;

/** Where the image is put together in the guest. */
export const guestImagePath = ({ results }: GuestStepScope): string => `${need(results, 'guestAppPath')}.dmg`;

/** A place in the guest for what is in none of the files that it has. */
export function recipeFor(scope: GuestStepScope, literalsPath: string, skippedBytes = 0): ImageRecipe {
  return new ImageRecipe(dirname(need(scope.results, 'guestAppPath')), literalsPath, skippedBytes);
}

/**
 * Packs everything but code and seals into the image, and takes the digests of the same bytes for the check of the seal;
 * there is time for it while the guest signs.
 */
export async function beginDmg(scope: GuestStepScope): Promise<PartialDmg> {
  const { results, session, signal } = scope;
  const { path } = artifactPlace(scope);
  const now = await listedTree(results);
  const tap = new DigestTap();
  const writer = new DmgWriter({ volumeName: need(results, 'manifest').appName, sourceDate: new Date() });
  await rm(path, { force: true });
  await writeFile(path, Buffer.alloc(DMG_HEAD_BYTES), { flag: 'wx', mode: 0o600 });
  const contents = writer.packFirst({ root: volumeOf(results, now), signal, onBytes: takenBy(tap, results) });
  const literalsPath = `${guestImagePath(scope)}.first`;
  const recipe = recipeFor(scope, literalsPath);
  const literals = recipe.literals(writtenTo(path, readAhead(contents, PARTS_AHEAD), 'a'));
  await putFile(session, { source: streamed(literals), remotePath: literalsPath, mode: 0o600, signal });
  const resources = now.tree.filter(resourceOf(results));
  takeEmptyFiles(tap, resources);
  results.resourceDigests = tap.digests(now.identities);
  results.partialDmg = { writer, segments: recipe.segments, ...asPacked(resources, now) };
  return results.partialDmg;
}

/** The image that was begun while the guest signed; a new one when something else is in the bundle now. */
export async function begunDmg(scope: GuestStepScope, now: ListedTree): Promise<PartialDmg> {
  const { partialDmg: begun } = scope.results;
  delete scope.results.partialDmg;
  return begun && isStillRight(begun, now) ? begun : beginDmg(scope);
}

/** All that is on the volume: first the contents that signing does not change. */
export function volumeOf(results: RunResults, { tree }: ListedTree): VolumeEntry[] {
  const { appPath, folderName } = need(results, 'found');
  const isResource = resourceOf(results);
  const marked = tree.map((entry) =>
    entry.type === 'file' && isResource(entry) ? { ...entry, packedFirst: true } : entry,
  );
  return volumeEntriesOf(marked, appPath, folderName);
}

export const streamed = (literals: AsyncIterable<Buffer>): Readable =>
  Readable.from(literals, { objectMode: false });

/** The volume has the bundle in a folder; the digests are by path below that. */
function takenBy(tap: DigestTap, results: RunResults): (entry: VolumeEntry, bytes: Buffer) => void {
  const { folderName } = need(results, 'found');
  return ({ path, sizeBytes }, bytes) => tap.take(path.slice(folderName.length + 1), bytes, sizeBytes);
}

function takeEmptyFiles(tap: DigestTap, resources: ListedTree['tree']): void {
  for (const { type, path, sizeBytes } of resources)
    if (type === 'file' && sizeBytes === 0) tap.take(path, Buffer.alloc(0), 0);
}
