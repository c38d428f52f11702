import { relative, resolve } from 'node:path';
import { ShipError } from '../errors.ts';

/** What the system says of a file of the state directory, in the words of the operator; any other error stays as it is. */
export function asStateFault(error: unknown, stateDir: string): unknown {
  if (!(error instanceof Error)) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === undefined || path === undefined) return error;
  const name = relative(resolve(stateDir), resolve(path));
  if (name.startsWith('..')) return error;
  const what = name === '' ? 'It' : `"${name}" in it`;
  return new ShipError('STATE_UNUSABLE', {
    summary: `The daemon cannot work with the state directory "${stateDir}" (PERRY_STATE_DIR).`,
    reason: `${what} cannot be read, written or removed: ${REASONS[code] ?? `the system says ${code}`}.`,
    nextStep: `Let the user of the daemon read and write that folder and all that is in it ("ls -la '${stateDir}'" shows the rights), make room on its disk (what lies in its folder "runs" may be deleted while no daemon runs), or set PERRY_STATE_DIR to another folder.`,
    cause: error,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not do that there',
  EPERM: 'this user may not do that there',
  EROFS: 'the file system there is read-only',
  ENOSPC: 'its disk is full',
  EDQUOT: 'the quota of this user is used up',
  EIO: 'the disk reports an error',
};
