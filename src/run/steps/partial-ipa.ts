import { rm } from 'node:fs/promises';
import { IpaWriter } from '../../files/archive/write-ipa.ts';
import { DigestTap } from '../../files/code-signature/resource-digests.ts';
import { DigestedFile } from '../../files/disk/digested-file.ts';
import { readAhead } from '../../files/disk/read-ahead.ts';
import type { PartialIpa } from '../partial-ipa.ts';
import { need, type RunResults } from '../run-results.ts';
import { asPacked, isStillRight, type ListedTree, listedTree, resourceOf } from './packed-resources.ts';

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
  const now = await listedTree(results);
  const resources = now.tree.filter(resourceOf(results));
  const ipa = newIpa(results, path);
  const tap = new DigestTap();
  await ipa.file.append(readAhead(ipa.writer.pack(resources, { signal, onBytes: tap.take }), PIECES_AHEAD));
  results.resourceDigests = tap.digests(now.identities);
  results.partialIpa = { ...ipa, ...asPacked(resources, now) };
}

/** The .ipa that was begun while the guest signed; a new one when the guest has changed what is in it. */
export async function begunIpa(results: RunResults, path: string, now: ListedTree): Promise<PartialIpa> {
  const begun = results.partialIpa;
  if (begun && isStillRight(begun, now)) return begun;
  await rm(path, { force: true });
  return newIpa(results, path);
}
