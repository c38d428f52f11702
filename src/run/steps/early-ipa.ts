import { rm } from 'node:fs/promises';
import { IpaWriter } from '../../files/archive/write-ipa.ts';
import { digestsOfUntouched } from '../../files/code-signature/resource-digests.ts';
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
  return { file: new DigestedFile(path), writer, packed: new Map() };
}

/** Packs everything but code and seals; there is time for it while the guest signs. */
export async function packResources(desk: Desk, path: string, signal: AbortSignal): Promise<IpaInTheMaking> {
  const code = new Set(held(desk, 'facts').machOs.map((file) => file.path));
  const resources = (await listTree(held(desk, 'found').appPath)).filter(
    (entry) => !code.has(entry.path) && !/(^|\/)_CodeSignature(\/|$)/.test(entry.path),
  );
  const ipa = newIpa(desk, path);
  await ipa.file.append(readAhead(ipa.writer.pack(resources, { signal }), PIECES_AHEAD));
  return { ...ipa, packed: new Map(resources.map((entry) => [entry.path, entry])) };
}

/** The .ipa that was begun while the guest signed; a new one when the guest has changed what is in it. */
export async function begunIpa(
  desk: Desk,
  path: string,
  tree: readonly TreeEntry[],
): Promise<IpaInTheMaking> {
  const begun = desk.earlyIpa;
  if (begun && (await isStillRight(desk, begun, tree))) return begun;
  await rm(path, { force: true });
  return newIpa(desk, path);
}

async function isStillRight(
  desk: Desk,
  { packed }: IpaInTheMaking,
  tree: readonly TreeEntry[],
): Promise<boolean> {
  const now = new Map(tree.map((entry) => [entry.path, entry]));
  const untouched = await digestsOfUntouched(held(desk, 'found').appPath, held(desk, 'resourceDigests'));
  return [...packed.values()].every(
    (then) =>
      isSame(then, now.get(then.path)) && (then.type !== 'file' || untouched.has(then.path.normalize('NFC'))),
  );
}

const isSame = (then: TreeEntry, now: TreeEntry | undefined): boolean =>
  now !== undefined &&
  then.type === now.type &&
  then.mode === now.mode &&
  then.sizeBytes === now.sizeBytes &&
  then.linkTarget === now.linkTarget;
