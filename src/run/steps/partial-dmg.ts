import { rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path/posix';
import { Readable } from 'node:stream';
import { putFile } from '../../adapters/guest/transfer.ts';
import { DigestTap } from '../../files/code-signature/resource-digests.ts';
import { writtenTo } from '../../files/disk/digested-file.ts';
import { readAhead } from '../../files/disk/read-ahead.ts';
import type { TreeEntry } from '../../files/disk/tree.ts';
import { DMG_HEAD_BYTES, DmgWriter, type PackOptions, volumeEntriesOf } from '../../files/dmg/write.ts';
import type { VolumeEntry } from '../../formats/hfsplus/tree.ts';
import type { PackedResources } from '../packed-resources.ts';
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
  const resources = now.tree.filter(resourceOf(results));
  const turn = nextTurn(scope, { writer, turns: new Map(), nextTurn: 0, segments: [] }, resources, now);
  const literals = turn.literals({ onBytes: takenBy(tap, results) });
  await putFile(session, { source: streamed(literals), remotePath: turn.literalsPath, mode: 0o600, signal });
  takeEmptyFiles(tap, resources);
  results.resourceDigests = tap.digests(now.identities);
  results.partialDmg = turn.after();
  return results.partialDmg;
}

export interface PackingTurn {
  /** What the guest has to be sent; writes the bytes of the image, in whose file they follow what is packed. */
  literals(options?: Pick<PackOptions, 'onBytes' | 'onProgress'>): AsyncGenerator<Buffer>;
  /** Of the file in the guest that they come into. */
  readonly literalsPath: string;
  /** Everything on the volume, in the order in which it is packed. */
  readonly root: readonly VolumeEntry[];
  readonly recipe: ImageRecipe;
  /** The image when they have been taken. */
  after(): PartialDmg;
}

/** Packs some more of the bundle, behind what has been packed of it. */
export function nextTurn(
  scope: GuestStepScope,
  begun: Omit<PartialDmg, keyof PackedResources>,
  entries: readonly TreeEntry[],
  now: ListedTree,
): PackingTurn {
  const { path } = artifactPlace(scope);
  const turns = new Map([...entries.map((entry) => [entry.path, begun.nextTurn] as const), ...begun.turns]);
  const root = volumeOf(scope.results, now, turns);
  const literalsPath = `${guestImagePath(scope)}.${begun.nextTurn}`;
  const recipe = recipeFor(scope, literalsPath);
  return {
    literalsPath,
    root,
    recipe,
    literals: (options) => {
      const contents = begun.writer.packFirst({ root, signal: scope.signal, ...options });
      return recipe.literals(writtenTo(path, readAhead(contents, PARTS_AHEAD), 'a'));
    },
    after: () => ({
      writer: begun.writer,
      turns,
      nextTurn: begun.nextTurn + 1,
      segments: [...begun.segments, ...recipe.segments],
      ...asPacked(
        now.tree.filter((entry) => turns.has(entry.path)),
        now,
      ),
    }),
  };
}

/** The image that was begun before; a new one when something else is in the bundle now. */
export async function begunDmg(scope: GuestStepScope, now: ListedTree): Promise<PartialDmg> {
  const { partialDmg: begun } = scope.results;
  delete scope.results.partialDmg;
  return begun && isStillRight(begun, now) ? begun : beginDmg(scope);
}

/** All that is on the volume: first the contents that are packed before the others. */
function volumeOf(
  results: RunResults,
  { tree }: ListedTree,
  turns: ReadonlyMap<string, number>,
): VolumeEntry[] {
  const { appPath, folderName } = need(results, 'found');
  const marked = tree.map((entry) => {
    const packedAs = entry.type === 'file' ? turns.get(entry.path) : undefined;
    return packedAs === undefined ? entry : { ...entry, packedAs };
  });
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
