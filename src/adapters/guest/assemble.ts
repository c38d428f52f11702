import type { GuestSession } from './guest.ts';
import { transferFailed } from './guest-path.ts';
import { word } from './remote-tar.ts';

/** A run of bytes of a file in the guest. */
export interface Segment {
  readonly remotePath: string;
  readonly fromByte: number;
  readonly sizeBytes: number;
}

export interface AssembleOptions {
  readonly segments: readonly Segment[];
  readonly remotePath: string;
  readonly signal: AbortSignal;
}

/** Reads a program from stdin; `part FILE FROM LENGTH` counts from 1, as `tail` does. */
const PART = 'part() { tail -c "+$2" "$1" </dev/null | head -c "$3"; }';

/**
 * Puts a file together in the guest (0600) from bytes that are there already, instead of sending them again. What the
 * guest makes of it is its own affair: only its size is looked at.
 *
 * @throws ShipError GUEST_TRANSFER_FAILED
 */
export async function assembleFile(session: GuestSession, options: AssembleOptions): Promise<void> {
  const { segments, remotePath, signal } = options;
  const target = word(remotePath);
  const sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  const lines = [
    'umask 077',
    PART,
    '{',
    ...segments.map(
      (segment) => `part ${word(segment.remotePath)} ${segment.fromByte + 1} ${segment.sizeBytes}`,
    ),
    `} > ${target} && [ "$(($(wc -c < ${target})))" -eq ${sizeBytes} ]`,
    '',
  ];
  const { exitCode, stderr } = await session.exec('/bin/sh -s', { stdin: lines.join('\n'), signal });
  if (exitCode !== 0) throw transferFailed('Putting a file together in the machine', stderr, exitCode);
}
