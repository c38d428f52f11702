import * as z from 'zod';
import { mostJobsOf, type VmDriverKind, vmDriverFacts } from '../domain/vm-driver.ts';

/** What `PERRY_MAX_CONCURRENT_BUILDS` may be; how many there may be depends on the driver. */
export const jobsAtOnce = z
  .string()
  .regex(/^(?:auto|\d{1,6})$/, 'must be a whole number, or auto')
  .transform((text) => (text === 'auto' ? text : Number(text)));

interface Values {
  readonly maxConcurrent: 'auto' | number;
  readonly vmDriver: VmDriverKind;
  readonly orchardRuntime: 'tart' | 'vetu';
}

/** What is wrong with the number of jobs, together with what makes the machines. */
export function jobsConflict({ maxConcurrent, vmDriver, orchardRuntime }: Values): string | undefined {
  const most = mostJobsOf(vmDriver);
  if (maxConcurrent === 'auto') {
    if (!vmDriverFacts(vmDriver).roomChanges)
      return `must be a whole number from 1 to ${most}: auto is for PERRY_VM_DRIVER=orchard, whose hosts come and go`;
    return orchardRuntime === 'tart'
      ? undefined
      : `must be a whole number from 1 to ${most}: nothing says how many machines of vetu a host can run`;
  }
  const isRight = maxConcurrent >= 1 && maxConcurrent <= most;
  return isRight ? undefined : `must be a whole number from 1 to ${most}`;
}

/** How many jobs there may be at the same time, at most. */
export interface JobsAtOnce {
  readonly maxConcurrent: number;
  /** As many of them as there is room for now. */
  readonly followsRoom: boolean;
}

export const jobsOf = ({ maxConcurrent, vmDriver }: Values): JobsAtOnce =>
  maxConcurrent === 'auto'
    ? { maxConcurrent: mostJobsOf(vmDriver), followsRoom: true }
    : { maxConcurrent, followsRoom: false };
