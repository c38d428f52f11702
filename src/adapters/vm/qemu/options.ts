import type { GuestNetwork } from '../../../domain/vm-driver.ts';
import type { Note } from '../driver.ts';

/** What the configuration says of machines of QEMU. */
export interface QemuSettings {
  /** Holds `NAME/` for each golden image. */
  readonly imagesDir: string;
  readonly cpus: number;
  /** 2^20 bytes. */
  readonly memoryMb: number;
  /** Below this much free space nothing is cloned; 10^9 bytes each. */
  readonly minFreeDiskGb: number;
}

export interface QemuDriverOptions extends QemuSettings {
  /** Holds `clones/NAME/`. */
  readonly stateDir: string;
  /** Identity of the daemon, as in its clones' names. */
  readonly instance: string;
  readonly note: Note;
  readonly guestNetwork: GuestNetwork;
}
