import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ShipError } from '../../../errors.ts';
import { makeSshKeyPair } from '../../guest/ssh/keys.ts';
import { run } from '../../process/run.ts';
import { cloneFailed, noSpaceForClone, notInstalled } from './failures.ts';
import type { SoundImage } from './image.ts';
import { CLONE_FILES } from './layout.ts';

export interface CloneRequest {
  readonly image: string;
  readonly found: SoundImage;
  readonly cloneDir: string;
  readonly signal: AbortSignal;
}

/** How to log into one machine; in memory only. */
export interface MachineKeys {
  /** Secret. */
  readonly clientKey: string;
  readonly hostPublicKey: string;
}

/**
 * A folder with an overlay over the disk of the image, and keys that no other machine has: the image holds no secret.
 *
 * @throws ShipError VM_CLONE_FAILED · COMMAND_NOT_FOUND · the signal's reason
 */
export async function cloneImage({ image, found, cloneDir, signal }: CloneRequest): Promise<MachineKeys> {
  await mkdir(cloneDir, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EEXIST') throw cloneFailed(image, 'A clone of that name exists already.', cause);
    throw notWritten(image, cause);
  });
  try {
    const keys = await writeIdentity(cloneDir);
    await symlink(found.kernel, join(cloneDir, CLONE_FILES.kernel));
    await symlink(found.initrd, join(cloneDir, CLONE_FILES.initrd));
    await makeOverlay(image, found.disk, cloneDir, signal);
    signal.throwIfAborted();
    return keys;
  } catch (cause) {
    await rm(cloneDir, { recursive: true, force: true });
    signal.throwIfAborted();
    throw cause instanceof ShipError ? cause : notWritten(image, cause as NodeJS.ErrnoException);
  }
}

const notWritten = (image: string, cause: NodeJS.ErrnoException): ShipError =>
  cause.code === 'ENOSPC' || cause.code === 'EDQUOT'
    ? noSpaceForClone(image, cause)
    : cloneFailed(image, 'The state folder cannot be written.', cause);

/** As the C library says both. */
const NO_SPACE = /No space left on device|Disk quota exceeded/;

async function writeIdentity(cloneDir: string): Promise<MachineKeys> {
  const [host, client] = [makeSshKeyPair(), makeSshKeyPair()];
  await writeFile(join(cloneDir, CLONE_FILES.hostKey), host.privateKey, { mode: 0o600 });
  await writeFile(join(cloneDir, CLONE_FILES.authorizedKey), `${client.publicKey}\n`, { mode: 0o600 });
  return { clientKey: client.privateKey, hostPublicKey: host.publicKey };
}

async function makeOverlay(image: string, disk: string, cwd: string, signal: AbortSignal): Promise<void> {
  const args = ['create', '-q', '-f', 'qcow2', '-b', disk, '-F', 'qcow2', CLONE_FILES.disk];
  const result = await run('qemu-img', args, { cwd, signal }).catch((error: unknown) => {
    if (error instanceof ShipError) throw notInstalled('qemu-img', 'qemu-utils', error);
    throw error;
  });
  if (result.exitCode === 0) return;
  const said = result.stderr.slice(-2_048);
  if (NO_SPACE.test(said)) throw noSpaceForClone(image, said);
  throw cloneFailed(image, 'qemu-img did not make the overlay; the log has what it said.', said);
}
