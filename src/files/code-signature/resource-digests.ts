import { createHash, type Hash } from 'node:crypto';
import { hasMachOMagic } from '../../formats/macho/index.ts';
import { readStartInto, SMALL_FILE_BYTES } from '../disk/small-file.ts';
import type { BundleTree } from './bundle-tree.ts';
import { forEachBounded } from './file-digests.ts';
import type { SealOptions } from './sealed-bundle.ts';
import { unreadable, withSignedFile } from './signed-file.ts';

const FILES_AT_ONCE = 4;

/** What one file was when it was read. */
export interface ResourceDigest {
  readonly sha256: Buffer;
  /** As the listing that came before has it, so that what is written to while it is read does not count as known. */
  readonly identity: string;
  readonly beginsLikeCode: boolean;
}

/** By path relative to the bundle. */
export type ResourceDigests = ReadonlyMap<string, ResourceDigest>;

/** Takes the digests of files while somebody else reads them: several files at a time, each from its start to its end. */
export class DigestTap {
  readonly #open = new Map<string, OpenDigest>();
  readonly #taken = new Map<string, Omit<ResourceDigest, 'identity'>>();

  /** The next bytes of a file; it is done when it has had all. */
  readonly take = (path: string, bytes: Buffer, sizeBytes: number): void => {
    const file = this.#open.get(path) ?? newDigest(bytes);
    file.hash.update(bytes);
    file.doneBytes += bytes.length;
    if (file.doneBytes < sizeBytes) this.#open.set(path, file);
    else {
      this.#open.delete(path);
      this.#taken.set(path, { sha256: file.hash.digest(), beginsLikeCode: file.beginsLikeCode });
    }
  };

  /** @param identities - by path, of a listing that was made before the files were read */
  digests(identities: ReadonlyMap<string, string>): ResourceDigests {
    const known = [...this.#taken].flatMap(([path, digest]) => {
      const identity = identities.get(path);
      return identity === undefined ? [] : [[path, { ...digest, identity }] as const];
    });
    return new Map(known);
  }
}

interface OpenDigest {
  readonly hash: Hash;
  readonly beginsLikeCode: boolean;
  doneBytes: number;
}

const newDigest = (start: Buffer): OpenDigest => ({
  hash: createHash('sha256'),
  beginsLikeCode: hasMachOMagic(start),
  doneBytes: 0,
});

export interface ResourceDigestOptions {
  /** Paths relative to the bundle that are left out. */
  readonly except: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/**
 * Reads the files of a bundle for `checkSealedBundle`: signing does not change resources, so that can be done while
 * the guest signs.
 *
 * @throws ShipError SIGNED_FILE_UNREADABLE · the signal's reason
 */
export async function digestResources(
  tree: BundleTree,
  { except, signal }: ResourceDigestOptions,
): Promise<ResourceDigests> {
  const tap = new DigestTap();
  const identities = new Map<string, string>();
  const resources = [...tree.entries].filter(({ type, path }) => type === 'file' && !except.has(path));
  const small = Buffer.allocUnsafeSlow(SMALL_FILE_BYTES);
  await forEachBounded(resources, FILES_AT_ONCE, async ({ path, sizeBytes }) => {
    signal.throwIfAborted();
    identities.set(path, tree.identity(path) ?? '');
    if (sizeBytes > SMALL_FILE_BYTES) return readLarge(tree.absolute(path), path, tap, signal);
    // of one that has become larger only the start is read, and it does not become known
    const { bytes, stats } = startOf(tree.absolute(path), small);
    tap.take(path, small.subarray(0, bytes), stats.size);
  });
  return tap.digests(identities);
}

const readLarge = (hostPath: string, path: string, tap: DigestTap, signal: AbortSignal): Promise<void> =>
  withSignedFile(hostPath, async (file) => {
    for await (const chunk of file.chunks(0, file.sizeBytes, signal)) tap.take(path, chunk, file.sizeBytes);
  });

function startOf(path: string, target: Buffer): ReturnType<typeof readStartInto> {
  try {
    return readStartInto(path, target);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * What is known already of the files that are still the ones that were read; a guest may have sent back any of them.
 *
 * @param tree - as it is now
 */
export function knownOf(
  tree: BundleTree,
  taken: ResourceDigests,
): Required<Pick<SealOptions, 'digests' | 'noCode'>> {
  const digests = new Map<string, Buffer>();
  const noCode = new Set<string>();
  for (const [onDisk, { sha256, identity, beginsLikeCode }] of taken) {
    const path = onDisk.normalize('NFC');
    if (tree.identity(path) !== identity) continue;
    digests.set(path, sha256);
    if (!beginsLikeCode) noCode.add(path);
  }
  return { digests, noCode };
}
