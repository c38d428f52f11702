import { randomUUID } from 'node:crypto';
import type { Tart } from '../../adapters/vm/tart/command.ts';
import { deleteMachine } from '../../adapters/vm/tart/destroy.ts';
import { renameMachine } from '../../adapters/vm/tart/images.ts';
import { listMachines } from '../../adapters/vm/tart/listing.ts';
import { DEFAULT_STOP_GRACE_MS } from '../../adapters/vm/tart/options.ts';
import { printVmName } from '../../domain/vm-name.ts';
import { inUse } from './failures.ts';

export interface NamingScope {
  readonly tart: Tart;
  readonly home: string;
  /** Of the build: its next call deletes what has such a name. */
  readonly instance: string;
  readonly force: boolean;
}

/**
 * Gives the machine the name of the image. An older image of that name steps aside under a name of ours first, comes back
 * when the new one cannot take its place, and is deleted otherwise.
 *
 * @throws ShipError IMAGE_EXISTS · IMAGE_IN_USE · IMAGE_BUILD_FAILED · VM_LIST_FAILED · the signal's reason
 */
export async function nameImage(
  { tart, home, instance, force }: NamingScope,
  { from, to }: { readonly from: string; readonly to: string },
  signal: AbortSignal,
): Promise<void> {
  const old = force ? await oldImage(tart, to, signal) : undefined;
  if (!old) return renameMachine(tart, { from, to, signal });
  const aside = printVmName({ instance, runId: randomUUID() });
  await renameMachine(tart, { from: to, to: aside, signal });
  try {
    await renameMachine(tart, { from, to, signal });
  } catch (error) {
    // also when it was stopped: there must be an image of that name in the end
    await renameMachine(tart, { from: aside, to, signal: AbortSignal.timeout(RETURN_MS) });
    throw error;
  }
  await deleteMachine(tart, { name: aside, home, graceMs: DEFAULT_STOP_GRACE_MS, signal });
}

const RETURN_MS = 30_000;

async function oldImage(tart: Tart, name: string, signal: AbortSignal) {
  const old = (await listMachines(tart, { signal })).find((each) => each.isLocal && each.name === name);
  if (old?.isRunning) throw inUse(name);
  return old;
}
