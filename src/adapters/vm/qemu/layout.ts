import { join } from 'node:path';

/** The account in the guest that may log in. */
export const GUEST_USER = 'signer';

/** Names of the files in the folder of one clone; QEMU runs in that folder, so that no option holds a path of the host. */
export const CLONE_FILES = {
  /** qcow2: what this machine has written, over the disk of its image. */
  disk: 'disk.qcow2',
  /** Links to the files of the image. */
  kernel: 'kernel',
  initrd: 'initrd',
  /** OpenSSH private key of this machine's SSH server; it goes when the clone goes. */
  hostKey: 'host_key',
  /** The one key that may log in; its private half is in the memory of the daemon alone. */
  authorizedKey: 'authorized_key',
  /** Written by QEMU when it starts. */
  processId: 'qemu.pid',
  /** A socket that is closed when QEMU has ended, however it ended. */
  alive: 'alive',
} as const;

export const clonesDirOf = (stateDir: string): string => join(stateDir, 'clones');
