import { isMachO, parseMachHeader } from './header.ts';
import { sliceRanges } from './slices.ts';
import { MachOFault } from './types.ts';

export interface CpuSize {
  /** CPU_TYPE of <mach/machine.h>. */
  readonly cpuType: number;
  readonly sizeBytes: number;
}

/**
 * How many bytes of a file are code for which processor; nothing when it is no Mach-O, or none whose parts can be told.
 *
 * @param head - the start of the file, 1 KiB or all of it
 */
export function cpuSizes(head: Buffer, fileSizeBytes: number): CpuSize[] | undefined {
  if (!isMachO(head)) return undefined;
  try {
    const thin = parseMachHeader(head)?.cpu.type ?? 0;
    return sliceRanges(head, fileSizeBytes).map(({ sizeBytes, claimedCpu }) => ({
      cpuType: claimedCpu?.type ?? thin,
      sizeBytes,
    }));
  } catch (error) {
    if (error instanceof MachOFault) return undefined;
    throw error;
  }
}
