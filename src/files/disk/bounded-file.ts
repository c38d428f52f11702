import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A pipe is opened at once, whether or not somebody writes to it. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** The content of a file, or why it was left unread. */
export type BoundedText =
  | { readonly text: string }
  | { readonly unread: 'it is no regular file' | 'it is too large' };

/**
 * The whole of a file that somebody else may have put there. A pipe or a device, which may have no end or never answer, is
 * left unread, and so is what is larger; links are followed.
 *
 * @returns the text, as UTF-8
 * @throws the system's error
 */
export async function readBoundedText(path: string, maxBytes: number): Promise<BoundedText> {
  const file = await open(path, READ);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return { unread: 'it is no regular file' };
    if (stats.size > maxBytes) return { unread: 'it is too large' };
    // it may shrink or grow meanwhile: what it was is read, and no more
    const bytes = Buffer.alloc(stats.size);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return { text: bytes.toString('utf8', 0, bytesRead) };
  } finally {
    await file.close();
  }
}

/**
 * Opens a file of any size to read it from place to place. What is no regular file is not opened: a pipe would never
 * answer, and whoever waits for it could not even be told to end.
 *
 * @param followLinks - false where nobody has reason to put one: it is refused
 * @throws the system's error · ENOTSUP for what is no regular file · ELOOP for a link that is not followed
 */
export async function openRegular(path: string, followLinks = true): Promise<FileHandle> {
  const file = await open(path, followLinks ? READ : READ | constants.O_NOFOLLOW);
  try {
    if ((await file.stat()).isFile()) return file;
    throw Object.assign(new Error(`${path} is no regular file`), { code: 'ENOTSUP' });
  } catch (error) {
    await file.close();
    throw error;
  }
}
