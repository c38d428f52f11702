import { rm } from 'node:fs/promises';
import { IpaWriter } from '../../files/archive/write-ipa.ts';
import { DigestTap } from '../../files/code-signature/resource-digests.ts';
import { DigestedFile } from '../../files/disk/digested-file.ts';
import { readAhead } from '../../files/disk/read-ahead.ts';
import { listTree, type TreeEntry } from '../../files/disk/tree.ts';
import type { IpaInTheMaking } from '../ipa-in-the-making.ts';
import { type Desk, held } from '../workbench.ts';

/** Of 256 KiB: read and compressed while the last one is hashed and written. */
export const PIECES_AHEAD = 4;

function newIpa(desk: Desk, path: string): IpaInTheMaking {
  const { appPath, folderName } = held(desk, 'found');
  const writer = new IpaWriter({ appDir: appPath, appFolderName: folderName, sourceDate: new Date() });
  return { file: new DigestedFile(path), writer, packed: new Map(), identities: new Map() };
}

/**
 * Packs everything but code and seals, and takes the digests of the same bytes for the check of the seal; there is time
 * for it while the guest signs.
 */
export async function packResources(desk: Desk, path: string, signal: AbortSignal): Promise<void> {
  const code = new Set(held(desk, 'facts').machOs.map((file) => file.path));
  const { tree, identities } = await listedTree(desk);
  const resources = tree.filter(
    (entry) => !code.has(entry.path) && !/(^|\/)_CodeSignature(\/|$)/.test(entry.path),
  );
  const ipa = newIpa(desk, path);
  const tap = new DigestTap();
  await ipa.file.append(readAhead(ipa.writer.pack(resources, { signal, onBytes: tap.take }), PIECES_AHEAD));
  desk.resourceDigests = tap.digests(identities);
  desk.earlyIpa = { ...ipa, packed: new Map(resources.map((entry) => [entry.path, entry])), identities };
}

export interface ListedTree {
  readonly tree: readonly TreeEntry[];
  readonly identities: ReadonlyMap<string, string>;
}

/** The bundle as it is now. */
export async function listedTree(desk: Desk): Promise<ListedTree> {
  const identities = new Map<string, string>();
  const onIdentity = (path: string, identity: string) => void identities.set(path, identity);
  return { tree: await listTree(held(desk, 'found').appPath, { onIdentity }), identities };
}

/** The .ipa that was begun while the guest signed; a new one when the guest has changed what is in it. */
export async function begunIpa(desk: Desk, path: string, now: ListedTree): Promise<IpaInTheMaking> {
  const begun = desk.earlyIpa;
  if (begun && isStillRight(begun, now)) return begun;
  await rm(path, { force: true });
  return newIpa(desk, path);
}

function isStillRight(begun: IpaInTheMaking, { tree, identities }: ListedTree): boolean {
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
