import type { HostSurvey } from '../../../machines/image-build/ports.ts';
import { requireFreeSpace } from '../../adapters/vm/disk-space.ts';
import { requireTart } from '../../adapters/vm/tart/check-host.ts';
import { diskAdvice } from '../../adapters/vm/tart/clone.ts';
import type { Tart } from '../../adapters/vm/tart/command.ts';
import { imageExists } from '../../adapters/vm/tart/images.ts';
import { hasImage, listMachines } from '../../adapters/vm/tart/listing.ts';
import { baseMissing, elsewhere, inUse } from './failures.ts';
import { isRemote, type TartWish } from './wish.ts';

export interface SurveyScope {
  readonly tart: Tart;
  readonly home: string;
  readonly minFreeDiskGb: number;
  readonly wish: TartWish;
}

/**
 * Everything that would keep an image from being made.
 *
 * @throws ShipError COMMAND_NOT_FOUND · VM_HOST_NOT_READY · VM_LIST_FAILED · IMAGE_EXISTS · IMAGE_IN_USE ·
 *   VM_IMAGE_MISSING · VM_DISK_FULL
 */
export async function surveyHost(
  { tart, home, minFreeDiskGb, wish: { name, force, base } }: SurveyScope,
  signal: AbortSignal,
): Promise<HostSurvey> {
  await requireTart(tart, signal).catch(elsewhere);
  const machines = await listMachines(tart, { signal });
  const local = (wanted: string) => machines.find((each) => each.isLocal && each.name === wanted);
  const old = local(name);
  if (old && !force) throw imageExists(name);
  if (old?.isRunning) throw inUse(name);
  await requireFreeSpace(home, minFreeDiskGb, diskAdvice);
  if (isRemote(base)) return { needsPull: !hasImage(machines, base) };
  const machine = local(base);
  if (!machine)
    throw baseMissing(
      base,
      machines.map((each) => each.name),
    );
  if (machine.isRunning) throw inUse(base);
  return { needsPull: false };
}
