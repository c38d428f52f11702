import { rm } from 'node:fs/promises';
import { IpaWriter } from '../../files/archive/write-ipa.ts';
import { DigestTap } from '../../files/code-signature/resource-digests.ts';
import { DigestedFile } from '../../files/disk/digested-file.ts';
import { readAhead } from '../../files/disk/read-ahead.ts';
import { listTree, type TreeEntry } from '../../files/disk/tree.ts';
import type { PartialIpa } from '../partial-ipa.ts';
import { need, type RunResults } from '../run-results.ts';

/** Of 256 KiB: read and compressed while the last one is hashed and written. */
export const PIECES_AHEAD = 4;

function newIpa(results: RunResults, path: string): PartialIpa {
  const { appPath, folderName } = need(results, 'found');
  const writer = new IpaWriter({ appDir: appPath, appFolderName: folderName, sourceDate: new Date() });
  return { file: new DigestedFile(path), writer, packed: new Map(), identities: new Map() };
}

/**
 * Packs everything but code and seals, and takes the digests of the same bytes for the check of the seal; there is time
 * for it while the guest signs.
 */
export async function packResources(results: RunResults, path: string, signal: AbortSignal): Promise<void> {
  const { tree, identities } = await listedTree(results);
  const resources = tree.filter(resourceOf(results));
  const ipa = newIpa(results, path);
  const tap = new DigestTap();
  await ipa.file.append(readAhead(ipa.writer.pack(resources, { signal, onBytes: tap.take }), PIECES_AHEAD));
  results.resourceDigests = tap.digests(identities);
  results.partialIpa = { ...ipa, packed: new Map(resources.map((entry) => [entry.path, entry])), identities };
}

/** What signing does not change: everything but code and seals. */
export function resourceOf(results: RunResults): (entry: TreeEntry) => boolean {
  const code = new Set(need(results, 'facts').machOs.map(({ path }) => path));
  return ({ path }) => !code.has(path) && !/(^|\/)_CodeSignature(\/|$)/.test(path);
}

export interface ListedTree {
  readonly tree: readonly TreeEntry[];
  readonly identities: ReadonlyMap<string, string>;
}

/** The bundle as it is now. */
export async function listedTree(results: RunResults): Promise<ListedTree> {
  const identities = new Map<string, string>();
  const onIdentity = (path: string, identity: string) => void identities.set(path, identity);
  return { tree: await listTree(need(results, 'found').appPath, { onIdentity }), identities };
}

/** The .ipa that was begun while the guest signed; a new one when the guest has changed what is in it. */
export async function begunIpa(results: RunResults, path: string, now: ListedTree): Promise<PartialIpa> {
  const begun = results.partialIpa;
  if (begun && isStillRight(begun, now)) return begun;
  await rm(path, { force: true });
  return newIpa(results, path);
}

/** Whether what has been packed is as it was then. */
export function isStillRight(
  begun: Pick<PartialIpa, 'packed' | 'identities'>,
  { tree, identities }: ListedTree,
): boolean {
  const now = new Map(tree.map((entry) => [entry.path, entry]));
  return [...begun.packed.values()].every(
    (then) =>
      isSame(then, now.get(then.path)) && begun.identities.get(then.path) === identities.get(then.path),
  );
}

const isSame = (then: TreeEntry, now: TreeEntry | undefined): boolean =>
  now !== undefined &&
  then.type === now.type &&
  then.mode === now.mode &&
  then.sizeBytes === now.sizeBytes &&
  then.linkTarget === now.linkTarget;
