import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSshKeyPair } from '../../src/adapters/guest/ssh/keys.ts';
import { cloneLayout, GUEST_USER, parseListening } from '../../src/adapters/vm/local/layout.ts';
import { startMachine } from '../../src/adapters/vm/local/machine.ts';

/** Of the golden image: all machines show this host key, and let in whoever has the user's key. */
export const hostKey = makeSshKeyPair();
export const userKey = makeSshKeyPair();
export const guestUser = GUEST_USER;

/** What runs on a worker: a process with a real SSH server. */
export interface Guest {
  readonly pid: number;
  /** Of its SSH server on loopback. */
  readonly port: number;
  hasEnded(): boolean;
  /** It crashes. */
  die(): void;
  /** Powers it off and removes its disk. */
  destroy(): Promise<void>;
}

export interface GuestOptions {
  readonly dir: string;
  /** Folders of programs on its PATH. */
  readonly toolDirs: readonly string[];
  /** A folder whose content is in its home. */
  readonly homeOf?: string;
}

export async function startGuest({ dir, toolDirs, homeOf }: GuestOptions): Promise<Guest> {
  const layout = cloneLayout(dir);
  for (const folder of [layout.home, layout.bin, layout.temporary, join(dir, 'guest')])
    await mkdir(folder, { recursive: true });
  if (homeOf) await cp(homeOf, layout.home, { recursive: true });
  await writeFile(layout.hostKey, hostKey.privateKey);
  await chmod(layout.hostKey, 0o600);
  await writeFile(layout.authorizedKey, userKey.publicKey);
  const machine = startMachine(dir, { toolDirs, stopGraceMs: 200 });
  let hasEnded = false;
  const ended = machine.ended.then(() => {
    hasEnded = true;
  });
  await machine.announced;
  const listening = parseListening(await readFile(layout.listening, 'utf8'));
  if (!listening) throw new Error(`the guest in ${dir} has not started`);
  return {
    ...listening,
    hasEnded: () => hasEnded,
    die: () => void process.kill(listening.pid, 'SIGKILL'),
    destroy: async () => {
      machine.process.kill();
      await ended;
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}
