import { readFile } from 'node:fs/promises';
import { ShipError } from '../../../errors.ts';
import type { GuestAddress, GuestSession } from '../../guest/guest.ts';
import { connectSsh, type SshCredentials } from '../../guest/ssh/client.ts';
import type { MachineProver } from './identity.ts';
import type { TartSshOptions } from './options.ts';

/** A guest on this very host; one that is still booting is asked again, perhaps at another address. */
const READY_TIMEOUT_MS = 10_000;

/** One attempt to log in, and to show that it is the right machine which let us in. */
export async function openTartGuest(
  ssh: TartSshOptions,
  prover: MachineProver,
  address: GuestAddress,
  signal: AbortSignal,
): Promise<GuestSession> {
  const isPinned = ssh.hostKey !== undefined;
  let hostKey = address.hostKeyFingerprint;
  const session = await connectSsh({
    address,
    credentials: await readCredentials(ssh),
    signal,
    readyTimeoutMs: READY_TIMEOUT_MS,
    ...(!isPinned && {
      acceptHostKey: (fingerprint: string) => {
        hostKey = fingerprint;
        return true;
      },
    }),
  });
  try {
    await prover.prove({ session, address, hostKey, isPinned }, signal);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/**
 * The key when there is one, the password otherwise.
 *
 * @throws ShipError CONFIG_INVALID when the key file cannot be read
 */
export async function readCredentials({ keyFile, password }: TartSshOptions): Promise<SshCredentials> {
  if (keyFile === undefined) return { password };
  const privateKey = await readFile(keyFile, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ShipError('CONFIG_INVALID', {
      summary: 'The SSH key for the machines cannot be read.',
      reason: `Reading the file that PERRY_TART_SSH_KEY_FILE names ended with ${cause.code ?? 'an error'}.`,
      nextStep: 'Let PERRY_TART_SSH_KEY_FILE name a private key that the user of perry-ship may read.',
      detail: { keyFile },
      cause,
    });
  });
  return { privateKey };
}
