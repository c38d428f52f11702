import { open } from 'node:fs/promises';
import { ShipError } from '../errors.ts';

const MAX_FILE_BYTES = 1024 * 1024;
/** Property lists may be larger than keys and profiles. */
export const MAX_PLIST_BYTES = 4 * 1024 * 1024;

/** The whole file that a flag names. @throws ShipError COMMAND_USAGE_WRONG */
export async function readFlagFile(
  flag: string,
  path: string | undefined,
  maxBytes = MAX_FILE_BYTES,
): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw usage(
      `The file of ${flag} cannot be read.`,
      `The operating system says ${cause.code ?? 'nothing more'}.`,
    );
  });
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw usage(`The file of ${flag} is too large.`, `It has ${size} bytes.`);
    return await file.readFile();
  } catch (cause) {
    if (cause instanceof ShipError) throw cause;
    throw usage(`The file of ${flag} cannot be read.`, 'It is not a plain file.');
  } finally {
    await file.close();
  }
}

/** A newline at the end comes from the editor, and belongs to no password. */
export async function readPasswordFile(flag: string, path: string | undefined): Promise<string | undefined> {
  const bytes = await readFlagFile(flag, path);
  const password = bytes?.toString('utf8').replace(/\r?\n$/, '');
  bytes?.fill(0);
  return password;
}

export const usage = (summary: string, reason = ''): ShipError =>
  new ShipError('COMMAND_USAGE_WRONG', {
    summary,
    reason,
    nextStep: 'See "perry-ship sign --help".',
  });
