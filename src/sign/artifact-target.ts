import { randomUUID } from 'node:crypto';
import { type FileHandle, lstat, open, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { ShipError } from '../errors.ts';

/** Where the artifact is wanted. */
export interface WantedArtifact {
  /** `--out`: a file, a folder that exists, or a folder that is made, which ends with a slash. */
  readonly out: string;
  /** Take the place of a file that exists. */
  readonly force: boolean;
}

export interface ArtifactFolder {
  /** Absolute; it may be one that is still to be made. */
  readonly folder: string;
  /** Left out when the artifact is called after its app. */
  readonly fileName?: string;
}

/**
 * Holds `--out` against the disk before anything is done: what cannot be written in the end is refused at once.
 *
 * @param ending - of the artifact, e.g. `.dmg`; not known before an archive is opened
 * @param bundle - what is signed; nothing is written into it
 * @throws ShipError ARTIFACT_NOT_WRITTEN
 */
export async function requireArtifactFolder(
  { out }: WantedArtifact,
  ending: string | undefined,
  bundle: string,
): Promise<ArtifactFolder> {
  const place = await folderOf(out, ending);
  await refuseInside(bundle, place.folder);
  await requireWritable(place.folder);
  return place;
}

/** @throws ShipError ARTIFACT_NOT_WRITTEN when something is there and must stay, or the name cannot be */
export async function requireArtifactPath(
  { folder, fileName }: ArtifactFolder,
  nameOfArtifact: string,
  { force }: WantedArtifact,
): Promise<string> {
  const path = join(folder, fileName ?? nameOfArtifact);
  const found = await lookAt(path);
  if (found === undefined) return path;
  if (!found.isFile()) throw refused(path, 'Something is there that is not a plain file.', ELSEWHERE);
  if (!force)
    throw refused(path, 'A file of that name exists.', 'Add --force to replace it, or choose another --out.');
  return path;
}

/**
 * The same for a file that goes with the artifact.
 *
 * @throws ShipError ARTIFACT_NOT_WRITTEN
 */
export async function requireFreeFile(
  flag: string,
  path: string,
  { force, bundle }: { readonly force: boolean; readonly bundle: string },
): Promise<void> {
  const other = `Give another file with ${flag}.`;
  if (/(^|[/\\])$/.test(path)) throw refused(path, 'It is the path of a folder.', other);
  await refuseInside(bundle, dirname(resolve(path)));
  await requireWritable(dirname(resolve(path)));
  const found = await lookAt(resolve(path));
  if (found && !found.isFile()) throw refused(path, 'Something is there that is not a plain file.', other);
  if (found && !force)
    throw refused(path, 'A file of that name exists.', `Add --force to replace it. ${other}`);
}

const ELSEWHERE = 'Choose another --out.';

async function folderOf(out: string, ending: string | undefined): Promise<ArtifactFolder> {
  if (out === '') throw refused(out, 'The path is empty.', 'Name a file or a folder with --out.');
  const path = resolve(out);
  const found = await lookAt(path, stat);
  const isApp = ending === '.app' && extname(path).toLowerCase() === ending;
  if (found?.isDirectory() && !isApp) return { folder: path };
  if (/[/\\]$/.test(out)) {
    if (found) throw refused(out, 'It is a file, and a folder is asked for by the slash.', ELSEWHERE);
    return { folder: path };
  }
  if (ending !== undefined && extname(path).toLowerCase() !== ending)
    throw refused(
      out,
      `The artifact is a ${ending} file.`,
      `End --out with ${ending}, or with a slash to name a folder.`,
    );
  const parent = await lookAt(dirname(path), stat);
  if (parent === undefined)
    throw refused(
      out,
      `The folder "${dirname(path)}" does not exist.`,
      'Make it first, or name a folder to be made, with a slash at the end.',
    );
  if (!parent.isDirectory()) throw refused(out, `"${dirname(path)}" is not a folder.`, ELSEWHERE);
  return { folder: dirname(path), fileName: basename(path) };
}

/** Nothing when nothing is there. */
async function lookAt(path: string, look: typeof lstat = lstat) {
  try {
    return await look(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw refused(path, reasonFor(code), ELSEWHERE, cause);
  }
}

async function refuseInside(bundle: string, folder: string): Promise<void> {
  const [app, place] = await Promise.all([realpath(bundle), realpath(await existingPart(folder))]);
  const way = relative(app, place);
  if (way !== '' && (way === '..' || way.startsWith(`..${sep}`))) return;
  throw refused(folder, 'It lies in the bundle that is signed.', ELSEWHERE);
}

/** A file is made and removed again: permissions alone do not tell of read-only disks. */
async function requireWritable(folder: string): Promise<void> {
  const existing = await existingPart(folder);
  const probe = join(existing, `.perry-ship-${randomUUID()}.part`);
  const file: { handle?: FileHandle } = {};
  try {
    file.handle = await open(probe, 'wx', 0o600);
  } catch (cause) {
    throw refused(folder, reasonFor((cause as NodeJS.ErrnoException).code), CHOOSE_WRITABLE, cause);
  } finally {
    await file.handle?.close();
    if (file.handle) await rm(probe, { force: true });
  }
}

const CHOOSE_WRITABLE = 'Give a folder that this user may write to with --out.';

/** The nearest folder above that exists. */
async function existingPart(folder: string): Promise<string> {
  const found = await lookAt(folder, stat);
  if (found?.isDirectory()) return folder;
  if (found) throw refused(folder, `"${folder}" is not a folder.`, ELSEWHERE);
  return existingPart(dirname(folder));
}

const REASONS: Readonly<Record<string, string>> = {
  ENAMETOOLONG: 'The name is too long for the file system.',
  ENOTDIR: 'A part of the path is a file, and not a folder.',
  EACCES: 'This user may not write there.',
  EPERM: 'This user may not write there.',
  EROFS: 'The file system can only be read.',
  ENOSPC: 'The disk is full.',
  ELOOP: 'Its symbolic links lead in a circle.',
};

export const reasonFor = (code: string | undefined): string =>
  REASONS[code ?? ''] ?? `The operating system says ${code ?? 'nothing more'}.`;

const refused = (path: string, reason: string, nextStep: string, cause?: unknown): ShipError =>
  new ShipError('ARTIFACT_NOT_WRITTEN', {
    summary: `The artifact cannot be written to ${JSON.stringify(path)}.`,
    reason,
    nextStep,
    ...(cause !== undefined && { cause }),
  });
