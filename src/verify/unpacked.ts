import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ShipError } from '../errors.ts';
import { unpackBundleFile } from '../files/archive/unpack-bundle.ts';
import { extractDmg } from '../files/dmg/read.ts';
import { unpackPayload } from '../files/xar/unpack-payload.ts';
import { makeTemporaryFolder } from '../temporary-folder.ts';
import { type ReadApp, readApp } from './read-app.ts';
import type { ArtifactFinding, ImageSummary } from './report.ts';

export interface Unpacked {
  readonly apps: readonly ReadApp[];
  readonly findings: readonly ArtifactFinding[];
  readonly image?: ImageSummary;
  /** True for a zip with a `Payload` folder. */
  readonly isIpa: boolean;
}

/** What damage to the container is called; everything else that is thrown is no finding. */
const CONTAINER_FAULTS = /^(DMG_CORRUPT|DMG_UNSUPPORTED|BUNDLE_\w+)$/;

/** The apps of a disk image or a zip, taken out into a folder for as long as they are looked at. */
export async function readContainer(
  path: string,
  kind: 'dmg' | 'zip',
  signal: AbortSignal,
): Promise<Unpacked> {
  const folder = await makeTemporaryFolder('perry-verify-');
  try {
    const image =
      kind === 'dmg' ? await openImage(path, folder, signal) : await openZip(path, folder, signal);
    return { ...(await readAll(folder, signal)), ...(image && { image }) };
  } catch (error) {
    if (!(error instanceof ShipError) || !CONTAINER_FAULTS.test(error.code)) throw error;
    return { apps: [], findings: [faultOf(error)], isIpa: path.toLowerCase().endsWith('.ipa') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of a package: what it installs may be anything, so that only an app in it is judged. */
export interface PackageContent {
  readonly apps: readonly ReadApp[];
  /** Why nothing was taken out. */
  readonly notTaken?: string;
}

/** What is refused or unreadable of a payload that its package has the right digest of is no fault of the package. */
const PAYLOAD_FAULTS = /^(PACKAGE_CORRUPT|SIGNATURE_MALFORMED|BUNDLE_\w+)$/;

/** The apps that an installer package installs, taken out into a folder for as long as they are looked at. */
export async function readPackageContent(path: string, signal: AbortSignal): Promise<PackageContent> {
  const folder = await makeTemporaryFolder('perry-verify-');
  try {
    const isTaken = await unpackPayload(path, folder, signal);
    if (!isTaken) return { apps: [], notTaken: 'It is of a form that is not read.' };
    return { apps: (await readAll(folder, signal)).apps };
  } catch (error) {
    if (!(error instanceof ShipError) || !PAYLOAD_FAULTS.test(error.code)) throw error;
    return { apps: [], notTaken: error.failure.reason };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openImage(path: string, folder: string, signal: AbortSignal): Promise<ImageSummary> {
  const { volumeName, fileSystem, volumeBytes } = await extractDmg(path, folder, { signal });
  return { volumeName, fileSystem, volumeBytes };
}

/** A file on this disk is nobody's bomb to send: only its size on the disk counts. */
async function openZip(path: string, folder: string, signal: AbortSignal): Promise<undefined> {
  await unpackBundleFile(path, folder, { signal, limits: { maxRatio: Number.POSITIVE_INFINITY } });
}

const faultOf = ({ code, failure }: ShipError): ArtifactFinding => ({
  code: code === 'DMG_UNSUPPORTED' ? 'CONTENT_NOT_CHECKED' : 'CONTAINER_DAMAGED',
  path: '',
  message: `${failure.summary} ${failure.reason}`,
});

async function readAll(folder: string, signal: AbortSignal): Promise<Unpacked> {
  const payload = (await namesIn(folder)).includes('Payload');
  const places = payload ? ['Payload'] : [''];
  const apps: ReadApp[] = [];
  for (const place of places)
    for (const name of (await namesIn(join(folder, place))).filter((item) => item.endsWith('.app'))) {
      const path = place === '' ? name : `${place}/${name}`;
      apps.push(await readApp(join(folder, path), { path, signal, leftovers: 'tolerated' }));
    }
  const missing = { code: 'APP_MISSING', path: '', message: 'There is no app in it.' };
  return { apps, findings: apps.length > 0 ? [] : [missing], isIpa: payload };
}

const namesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { withFileTypes: true }))
    .filter((item) => item.isDirectory())
    .map(({ name }) => name)
    .sort();
