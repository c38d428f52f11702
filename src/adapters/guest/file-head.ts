import type { GuestSession } from './guest.ts';
import { boundedSink } from './guest-output.ts';
import { word } from './remote-tar.ts';
import { isPlainFile, succeed } from './transfer.ts';

export interface PutHeadOptions {
  readonly head: Uint8Array;
  /** How much of the file is not sent: zeros stand for it. */
  readonly restBytes: number;
  readonly remotePath: string;
  readonly signal: AbortSignal;
}

/**
 * Makes a file (0600) in the guest of which only the beginning is sent.
 *
 * @throws ShipError GUEST_TRANSFER_FAILED · GUEST_LOST · VM_DISK_FULL
 */
export async function putHead(session: GuestSession, options: PutHeadOptions): Promise<void> {
  const { head, restBytes, remotePath, signal } = options;
  const file = word(remotePath);
  const command = `umask 077; rm -f ${file} && cat > ${file} && head -c ${restBytes} /dev/zero >> ${file}`;
  await succeed(session, 'Copying a file into the machine', command, { stdin: head, signal });
}

export interface GetHeadOptions {
  readonly remotePath: string;
  /** How much at the end of the file is left there. */
  readonly restBytes: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** The beginning of a file of the guest. @throws ShipError GUEST_OUTPUT_TOO_LARGE · GUEST_TRANSFER_FAILED · GUEST_LOST */
export async function getHead(session: GuestSession, options: GetHeadOptions): Promise<Buffer> {
  const { remotePath, restBytes, maxBytes, signal } = options;
  const taken: Buffer[] = [];
  const sink = boundedSink(maxBytes, async (chunks) => void taken.push(...chunks));
  const file = word(remotePath);
  const command = `${isPlainFile(remotePath)} && head -c "$(($(wc -c < ${file}) - ${restBytes}))" ${file}`;
  await succeed(session, 'Reading a file of the machine', command, { stdout: sink, signal });
  return Buffer.concat(taken);
}
