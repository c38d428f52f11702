import { whyNoMachines } from '../helpers/qemu-vm.ts';
import { benchBoots } from './vm-boots.ts';
import { benchVmJobs } from './vm-jobs.ts';
import type { BenchRoom } from './wall-time.ts';

/** How often each is measured. */
export interface VmRounds {
  readonly boots: number;
  /** Jobs that find a machine standing by. */
  readonly warm: number;
  /** Jobs that wait for their machine to boot. */
  readonly cold: number;
}

/** (h) Real machines of QEMU, with the golden image of the tests. */
export async function benchVm(room: BenchRoom, { boots, warm, cold }: VmRounds): Promise<void> {
  const why = whyNoMachines();
  if (why !== undefined) {
    room.print(`(h) machines of QEMU: skipped (${why})`);
    return;
  }
  await benchBoots(room, boots);
  await benchVmJobs(room, { jobs: warm, standby: 1 });
  await benchVmJobs(room, { jobs: cold, standby: 0 });
}
