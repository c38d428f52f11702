import { openSync, unlinkSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';

/** Never opens what is there already, and never goes through a link. */
const NEW = 'wx';
const MODE = 0o600;

const unlessTaken = (error: NodeJS.ErrnoException): undefined => {
  if (error.code === 'EEXIST') return undefined;
  throw error;
};

/**
 * Opens what is to take the place of another file. What lies there is removed: the draft of a kill, a link that would lead
 * elsewhere, a pipe that would never answer.
 *
 * @throws the system's error, also when a folder lies there
 */
export async function openDraft(path: string): Promise<FileHandle> {
  const draft = await open(path, NEW, MODE).catch(unlessTaken);
  if (draft) return draft;
  await unlink(path);
  return open(path, NEW, MODE);
}

/** As `openDraft`. */
export function openDraftSync(path: string): number {
  try {
    return openSync(path, NEW, MODE);
  } catch (error) {
    unlessTaken(error as NodeJS.ErrnoException);
  }
  unlinkSync(path);
  return openSync(path, NEW, MODE);
}
