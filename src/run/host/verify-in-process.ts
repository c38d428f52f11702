import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ArtifactReport } from '../../verify/report.ts';
import { MAX_FROM_RUN_BYTES } from '../channel/messages.ts';
import { runProcessLimits } from './limits.ts';
import { RunHost } from './run-host.ts';
import { startRunProcess } from './run-process.ts';

/** One report is all that is said. */
const LIMITS = {
  ...runProcessLimits,
  messageBytes: MAX_FROM_RUN_BYTES,
  bytesPerSecond: 2 * MAX_FROM_RUN_BYTES,
};

/**
 * Takes an artifact apart in a process of its own: what is in it can neither enlarge nor crash the one that asks.
 *
 * @throws ShipError as `verifyArtifact` · RUN_PROCESS_LOST, RUN_PROCESS_KILLED, RUN_OUT_OF_MEMORY · the signal's reason
 */
export async function verifyInProcess(path: string, signal: AbortSignal): Promise<ArtifactReport> {
  signal.throwIfAborted();
  const scratchDir = await mkdtemp(join(tmpdir(), 'perry-ship-verify-'));
  const host = new RunHost(startRunProcess(LIMITS), { limits: LIMITS, onLog: () => {} });
  try {
    return await host.call('verifyArtifact', { path: resolve(path), scratchDir }, { signal });
  } finally {
    await host.end();
    await rm(scratchDir, { recursive: true, force: true, maxRetries: 3 });
  }
}
