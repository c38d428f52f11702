import { lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { isShellPipe } from '../config/shell-pipe.ts';
import { ShipError } from '../errors.ts';
import { APPS_IN_XCODE_ARCHIVE, isXcodeArchive } from '../files/disk/xcode-archive.ts';

const MAX_FILE_BYTES = 1024 * 1024;
/** Property lists may be larger than keys and profiles. */
export const MAX_PLIST_BYTES = 4 * 1024 * 1024;

/**
 * The whole file that a flag names. One without content is refused: it would count as if nothing had been given, and
 * an app would be signed without its identity.
 *
 * @throws ShipError COMMAND_USAGE_WRONG
 */
export async function readFlagFile(
  flag: string,
  path: string | undefined,
  maxBytes = MAX_FILE_BYTES,
): Promise<Buffer | undefined> {
  const bytes = await readAnyFile(flag, path, maxBytes);
  if (bytes?.length === 0) throw usage(`The file of ${flag} is empty.`, 'Nothing can be read from it.');
  return bytes;
}

async function readAnyFile(
  flag: string,
  path: string | undefined,
  maxBytes = MAX_FILE_BYTES,
): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    await refuseNamedPipe(flag, path);
    const file = await open(path, 'r');
    const chunks: Buffer[] = [];
    // a device has no size and no end: what counts is what was read
    for await (const chunk of file.createReadStream({ end: maxBytes })) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    for (const chunk of chunks) chunk.fill(0);
    if (bytes.length > maxBytes)
      throw usage(`The file of ${flag} is too large.`, `It has more than ${maxBytes} bytes.`);
    return bytes;
  } catch (cause) {
    if (cause instanceof ShipError) throw cause;
    throw usage(`The file of ${flag} cannot be read.`, reasonOf(cause as NodeJS.ErrnoException));
  }
}

/** Without a writer it would be waited for without an end, deaf to signals. */
async function refuseNamedPipe(flag: string, path: string): Promise<void> {
  if (isShellPipe(path) || !(await stat(path)).isFIFO()) return;
  throw usage(`The file of ${flag} cannot be read.`, 'It is a named pipe, and not a plain file.');
}

export const reasonOf = ({ code }: NodeJS.ErrnoException): string =>
  code === 'EISDIR' ? 'It is not a plain file.' : `The operating system says ${code ?? 'nothing more'}.`;

/** Of a path that leads to nothing that can be used. */
export const whyNoPath = ({ code }: NodeJS.ErrnoException): string =>
  PATH_FAULTS[code ?? ''] ?? `The operating system says ${code ?? 'nothing more'}.`;

const PATH_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'Nothing is there.',
  ENOTDIR: 'A part of the path is a file, and not a folder.',
  EACCES: 'This user may not look into a folder of the path.',
  EPERM: 'This user may not look into a folder of the path.',
  ELOOP: 'Its symbolic links lead in a circle.',
  ENAMETOOLONG: 'The path is longer than this system takes.',
};

/**
 * The absolute path of a bundle that was named on the command line, through its links.
 *
 * @throws ShipError COMMAND_USAGE_WRONG when it is neither an app's folder nor a plain file
 */
export async function requireBundle(bundle: string): Promise<string> {
  const path = await realpath(bundle).catch((cause: NodeJS.ErrnoException) => {
    throw noBundle(bundle, `${whyNoPath(cause)} `);
  });
  const found = await lstat(path);
  if (found.isFile()) return path;
  if (found.isDirectory()) return requireApp(path, bundle);
  throw noBundle(bundle);
}

const noBundle = (bundle: string, why = ''): ShipError =>
  usage(
    `There is no bundle ${JSON.stringify(bundle)}.`,
    `${why}A folder <name>.app is wanted, or an .xcarchive, .ipa, .zip or .tar.gz with one.`,
  );

const isNamedApp = (name: string): boolean => extname(name).toLowerCase() === '.app';

/** Most often the folder that the app lies in was named, as builds leave it and archives unpack. */
async function requireApp(path: string, given: string): Promise<string> {
  if (isNamedApp(path)) return path;
  if (isXcodeArchive(path)) return appInArchive(path, given);
  const [app, ...others] = [...(await appsIn(given)), ...(await appsIn(join(given, 'Payload')))];
  const summary = `The folder ${JSON.stringify(given)} is not an app.`;
  if (app !== undefined)
    throw usage(
      summary,
      `It holds ${others.length === 0 ? 'one' : 'several'}.`,
      `Name it: ${JSON.stringify(app)}`,
    );
  throw usage(
    summary,
    'Its name does not end in .app, and no app lies in it.',
    'Name a folder <name>.app, or an .xcarchive, .ipa, .zip or .tar.gz with one.',
  );
}

async function appInArchive(archive: string, given: string): Promise<string> {
  const [app, ...others] = await appsIn(join(archive, APPS_IN_XCODE_ARCHIVE));
  if (app !== undefined && others.length === 0) return requireFolder(app);
  throw usage(
    `The archive ${JSON.stringify(given)} holds ${app === undefined ? 'no app' : 'several apps'}.`,
    app === undefined
      ? `Nothing that ends in .app lies in its folder ${APPS_IN_XCODE_ARCHIVE}.`
      : `In its folder ${APPS_IN_XCODE_ARCHIVE} lie ${others.length + 1}.`,
    app === undefined ? 'Name an archive of an app.' : `Name one: ${JSON.stringify(app)}`,
  );
}

/** A link would lead out of what was named, and a pipe be waited for. */
async function requireFolder(app: string): Promise<string> {
  if ((await lstat(app)).isDirectory()) return app;
  throw usage(
    `${JSON.stringify(app)} is not an app.`,
    'It is a file or a link, and an app is a folder.',
    'Archive the app again.',
  );
}

const appsIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [])).filter(isNamedApp).map((name) => join(folder, name));

/** A newline at the end comes from the editor, and belongs to no password. */
export async function readPasswordFile(flag: string, path: string | undefined): Promise<string | undefined> {
  const bytes = await readAnyFile(flag, path);
  const password = bytes?.toString('utf8').replace(/\r?\n$/, '');
  bytes?.fill(0);
  return password;
}

export const usage = (summary: string, reason: string, nextStep = CORRECT_IT): ShipError =>
  new ShipError('COMMAND_USAGE_WRONG', { summary, reason, nextStep });

const CORRECT_IT = 'Correct the command; "perry-ship help COMMAND" lists its flags.';
