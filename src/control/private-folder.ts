import { stat } from 'node:fs/promises';
import { ShipError } from '../errors.ts';
import { makeFolder } from '../files/disk/make-folder.ts';

const GROUP_OR_OTHERS_WRITE = 0o022;

export interface Unfit {
  /** What is wrong, with the folder's name. */
  readonly summary: string;
  readonly reason: string;
  /** The exact command, or the other choice. */
  readonly nextStep: string;
}

/**
 * Makes the state directory when it is missing. Who may write there can replace machines, secrets and the socket, so
 * it has to be this user's own.
 *
 * @throws ShipError CONFIG_INVALID
 */
export async function makePrivate(stateDir: string): Promise<void> {
  await makeFolder(stateDir, 0o700).catch((error: NodeJS.ErrnoException) => {
    throw new ShipError('CONFIG_INVALID', { ...notMade(stateDir, error), cause: error });
  });
  const unfit = unfitFor(stateDir, await stat(stateDir));
  if (unfit) throw new ShipError('CONFIG_INVALID', unfit);
}

/** Why a folder that exists cannot hold the state of a daemon of this user. */
export function unfitFor(
  stateDir: string,
  { mode, uid }: { readonly mode: number; readonly uid: number },
): Unfit | undefined {
  const user = process.geteuid?.();
  if (user !== undefined && uid !== user)
    return {
      summary: `The state directory "${stateDir}" (PERRY_STATE_DIR) belongs to another user.`,
      reason: `Its owner has the number ${uid} and this process runs as ${user}: jobs and signing keys would not be safe there.`,
      nextStep: `Run perry-ship as the owner, or "chown ${user} '${stateDir}'", or choose a directory of this user's own.`,
    };
  if ((mode & GROUP_OR_OTHERS_WRITE) !== 0)
    return {
      summary: `Other users may write to the state directory "${stateDir}" (PERRY_STATE_DIR).`,
      reason: `Its mode is ${(mode & 0o7777).toString(8)}; jobs and signing keys would not be safe there.`,
      nextStep: `Run: chmod 700 "${stateDir}" — or choose a directory of this user's own.`,
    };
  return undefined;
}

const notMade = (stateDir: string, { code }: NodeJS.ErrnoException): Unfit => ({
  summary: `The state directory "${stateDir}" (PERRY_STATE_DIR) cannot be made.`,
  reason: REASONS[code ?? ''] ?? `The system says ${code}.`,
  nextStep: 'Set PERRY_STATE_DIR, or --state-dir, to a directory that this user may make and write to.',
});

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'This user may not write to the folder that it is to lie in.',
  EPERM: 'This user may not write to the folder that it is to lie in.',
  ENOENT: 'The folder that it is to lie in cannot hold another one.',
  ENOTDIR: 'A part of its path is a file, not a folder.',
  EEXIST: 'Something that is no folder has its name.',
  EROFS: 'The file system there is read-only.',
  ENAMETOOLONG: 'Its name is too long.',
};
