import { createGunzip } from 'node:zlib';
import { ShipError } from '../../errors.ts';
import { throughZlib } from '../archive/through-zlib.ts';
import { withSignedFile } from '../code-signature/signed-file.ts';
import type { TreeEntry } from '../disk/tree.ts';
import { readXar, readXmlFile, storedPieces, type XarArchive } from './archive.ts';
import { type CpioItem, readCpio } from './cpio.ts';
import { installerScriptChange } from './no-scripts.ts';
import type { XarFile } from './table.ts';

/** An item of a payload, with the file of this host that it must be made of. */
export interface PayloadEntry extends TreeEntry {
  readonly source?: string;
}

export interface PackageContentOptions {
  readonly bundleId: string;
  readonly installLocation: string;
  /** What the package must install; paths count from `installLocation`. */
  readonly entries: readonly PayloadEntry[];
  readonly signal: AbortSignal;
}

/** The parts of a component in a package of `productbuild --component`. */
const PARTS = ['Bom', 'Payload', 'PackageInfo'];
const FILE_TYPES = { file: 0o100000, directory: 0o40000, symlink: 0o120000 } as const;
const UNREADABLE: readonly string[] = ['PACKAGE_CORRUPT', 'SIGNATURE_MALFORMED', 'SIGNED_FILE_UNREADABLE'];

/**
 * Compares what an installer package installs with the files that it was made of, byte for byte, and that it runs
 * nothing: no scripts, one component, one place. Its seals are for `checkPackage` to check.
 *
 * @returns what differs, in words; nothing when the package installs just this
 * @throws ShipError SIGNED_FILE_UNREADABLE for a file of this host · the signal's reason
 */
export const packageContentChange = (
  path: string,
  options: PackageContentOptions,
): Promise<string | undefined> =>
  withSignedFile(path, async (file) => {
    try {
      const archive = await readXar(file);
      const component = archive.table.files.find(({ type, path: name }) => isComponent(type, name))?.path;
      const stranger = archive.table.files.find((entry) => !isPart(entry, component));
      if (stranger) return `There is "${stranger.path.slice(0, 200)}" in it, which has no place there.`;
      return (
        (await scriptChange(archive, component ?? '', options)) ??
        (await payloadChange(archive, component ?? '', options))
      );
    } catch (error) {
      const isItsFault = error instanceof ShipError && UNREADABLE.includes(error.code);
      if (isItsFault) return error.failure.reason;
      if (isZlibFault(error)) return 'Its payload cannot be unpacked.';
      throw error;
    }
  });

const isZlibFault = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');

const isComponent = (type: string, path: string): boolean =>
  type === 'directory' && path.endsWith('.pkg') && !path.includes('/');

const isPart = ({ path, type }: XarFile, component: string | undefined): boolean =>
  path === component ||
  (type === 'file' && (path === 'Distribution' || PARTS.some((name) => path === `${component}/${name}`)));

const fileAt = ({ table }: XarArchive, path: string): XarFile | undefined =>
  table.files.find((file) => file.path === path && file.type === 'file');

async function scriptChange(
  archive: XarArchive,
  component: string,
  { bundleId, installLocation }: PackageContentOptions,
): Promise<string | undefined> {
  const [distribution, info] = [fileAt(archive, 'Distribution'), fileAt(archive, `${component}/PackageInfo`)];
  const roots = {
    distribution: distribution && (await readXmlFile(archive, distribution)),
    info: info && (await readXmlFile(archive, info)),
  };
  return installerScriptChange(roots, { bundleId, installLocation });
}

async function payloadChange(
  archive: XarArchive,
  component: string,
  { entries, signal }: PackageContentOptions,
): Promise<string | undefined> {
  const payload = fileAt(archive, `${component}/Payload`);
  if (!payload?.data) return 'It installs nothing.';
  const missing = new Map(entries.map((entry) => [entry.path.normalize('NFC'), entry]));
  for await (const item of readCpio(unpacked(archive, payload, signal))) {
    const path = item.path.normalize('NFC');
    if (path === '') continue;
    const wanted = missing.get(path);
    if (!wanted) return `It installs ${shown(path)}, which was not sent or is there twice.`;
    missing.delete(path);
    const difference = await itemChange(wanted, item);
    if (difference) return `${shown(path)} ${difference}.`;
  }
  const [left] = missing.keys();
  return left === undefined ? undefined : `It does not install ${shown(left)}.`;
}

/** A payload is packed by gzip in itself. */
const unpacked = (archive: XarArchive, file: XarFile, signal: AbortSignal): AsyncIterable<Buffer> =>
  throughZlib(storedPieces(archive, file, signal), createGunzip(), { signal });

/** productbuild is made to let everybody read what is installed; setuid and the like are never sent. */
async function itemChange(wanted: PayloadEntry, item: CpioItem): Promise<string | undefined> {
  const { type, mode, sizeBytes, linkTarget = '', source = '' } = wanted;
  if ((item.mode & 0o170000) !== FILE_TYPES[type]) return `is no ${type}`;
  if (type !== 'symlink' && (item.mode & 0o7777) !== mode)
    return `has the mode ${(item.mode & 0o7777).toString(8)}, not ${mode.toString(8)}`;
  if (type === 'directory') return item.sizeBytes === 0 ? undefined : 'has content';
  if (type === 'symlink') {
    if (item.sizeBytes > 4096) return 'leads somewhere else';
    const target = await whole(item.content());
    return target.normalize('NFC') === linkTarget.normalize('NFC') ? undefined : 'leads somewhere else';
  }
  if (item.sizeBytes !== sizeBytes) return `has ${item.sizeBytes} bytes, not ${sizeBytes}`;
  const same = await withSignedFile(source, async (file) => {
    let at = 0;
    for await (const piece of item.content()) {
      if (!piece.equals(await file.read(at, piece.length))) return false;
      at += piece.length;
    }
    return true;
  });
  return same ? undefined : 'is not as it was sent';
}

async function whole(pieces: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts).toString('utf8');
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 200));
