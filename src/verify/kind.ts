import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ShipError } from '../errors.ts';
import { isDmg, isMachO } from '../files/code-signature/read-signature.ts';
import { withSignedFile } from '../files/code-signature/signed-file.ts';
import { looksLikeXar } from '../files/xar/archive.ts';
import type { ArtifactKind } from './report.ts';

const ZIP = Buffer.from('PK');

/** What a path is, by its content, never by its name. @throws ShipError ARTIFACT_UNKNOWN */
export async function kindOf(path: string): Promise<ArtifactKind> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unknown(`The operating system says ${cause.code ?? 'nothing more'}.`, cause);
  });
  if (found.isDirectory()) return folderKind(path);
  const isPlain = found.isFile() && (await lstat(path)).isFile();
  if (!isPlain) throw unknown('It is neither a folder nor a plain file.');
  const kind = await withSignedFile(path, async (file) => {
    const head = await file.read(0, Math.min(4, file.sizeBytes));
    if (looksLikeXar(head)) return 'pkg';
    if (await isMachO(file)) return 'mach-o';
    if (await isDmg(file)) return 'dmg';
    return head.subarray(0, 2).equals(ZIP) ? 'zip' : undefined;
  });
  if (!kind) throw unknown('It is no Mach-O file, disk image, installer package or zip.');
  return kind;
}

/** A folder is a bundle by its name, or by its Info.plist. */
async function folderKind(path: string): Promise<'app'> {
  if (/\.(app|appex|framework|bundle|xpc|plugin)\/*$/i.test(path)) return 'app';
  const places = ['Info.plist', 'Contents/Info.plist', 'Resources/Info.plist'];
  const found = await Promise.all(places.map((place) => stat(join(path, place)).catch(() => undefined)));
  if (found.some((item) => item?.isFile())) return 'app';
  throw unknown('It is a folder without an Info.plist, so no bundle.');
}

const unknown = (reason: string, cause?: unknown): ShipError =>
  new ShipError('ARTIFACT_UNKNOWN', {
    summary: 'There is nothing at that path that can be verified.',
    reason,
    nextStep: 'Name an .app folder, or an .ipa, .dmg, .pkg or Mach-O file.',
    ...(cause !== undefined && { cause }),
  });
