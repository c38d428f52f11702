import { type BigIntStats, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { nextInTurn } from '../disk/small-file.ts';
import { BundleTree } from './bundle-tree.ts';
import { FileDigests, forEachBounded } from './file-digests.ts';

const FILES_AT_ONCE = 4;

export interface ResourceDigest {
  readonly sha256: Buffer;
  /** Changes when the file is replaced or written to, by whatever name that was done. */
  readonly identity: string;
}

/** By path relative to the bundle. */
export type ResourceDigests = ReadonlyMap<string, ResourceDigest>;

export interface ResourceDigestOptions {
  /** Paths relative to the bundle that are left out. */
  readonly except: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/**
 * SHA-256 of the files of a bundle, for `checkSealedBundle`: signing does not change resources, so they can be read
 * while the guest signs.
 *
 * @throws ShipError SIGNED_FILE_UNREADABLE · the signal's reason
 */
export async function digestResources(
  bundlePath: string,
  { except, signal }: ResourceDigestOptions,
): Promise<ResourceDigests> {
  const tree = await BundleTree.read(bundlePath);
  const digests = new FileDigests(tree, new Map(), signal);
  const taken = new Map<string, ResourceDigest>();
  const resources = [...tree.entries].filter(({ type, path }) => type === 'file' && !except.has(path));
  await forEachBounded(resources, FILES_AT_ONCE, async ({ path }) => {
    const identity = (await identityOf(tree.absolute(path))) ?? '';
    taken.set(path, { sha256: await digests.of(path), identity });
  });
  return taken;
}

/** The digests of those files that are still the ones that were read; a guest may have sent back any of them. */
export async function digestsOfUntouched(
  bundlePath: string,
  taken: ResourceDigests,
): Promise<Map<string, Buffer>> {
  const untouched = new Map<string, Buffer>();
  await forEachBounded(taken, FILES_AT_ONCE, async ([path, { sha256, identity }]) => {
    if ((await identityOf(join(bundlePath, path))) === identity) untouched.set(path, sha256);
  });
  return untouched;
}

async function identityOf(path: string): Promise<string | undefined> {
  await nextInTurn();
  const stats = statsOf(path);
  return stats && `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}

function statsOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
