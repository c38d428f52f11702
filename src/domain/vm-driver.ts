/** What sets one kind of VM driver (`PERRY_VM_DRIVER`) apart from the others. */
export interface VmDriverFacts {
  /** False when the guest shares the host's kernel and files: development only, said at start. */
  readonly isolates: boolean;
  /** The guest is this host in a folder of its own: it signs with this host's rcodesign. */
  readonly usesHostTools: boolean;
  /** Name of the golden image when none is configured. */
  readonly defaultImage: string;
  /** Machines that one host can run at once; absent when nothing but its size limits them. */
  readonly maxMachines?: number;
}

const GOLDEN = 'perry-ship-golden';

/** Every kind there is; `adapters/vm/select.ts` makes the driver of each. */
export const vmDrivers = {
  // the virtualization framework starts no third macOS guest on one Mac
  tart: { isolates: true, usesHostTools: false, defaultImage: GOLDEN, maxMachines: 2 },
  orchard: { isolates: true, usesHostTools: false, defaultImage: GOLDEN },
  local: { isolates: false, usesHostTools: true, defaultImage: 'template' },
} as const satisfies Readonly<Record<string, VmDriverFacts>>;

export type VmDriverKind = keyof typeof vmDrivers;

export const vmDriverKinds = Object.keys(vmDrivers) as VmDriverKind[];

export const vmDriverFacts = (kind: VmDriverKind): VmDriverFacts => vmDrivers[kind];

/** `tart, orchard or local`. @param shown - how one kind is written */
export const vmDriverChoice = (shown: (kind: VmDriverKind) => string = (kind) => kind): string =>
  new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(vmDriverKinds.map(shown));

export const defaultVmDriver = (platform: NodeJS.Platform): VmDriverKind =>
  platform === 'darwin' ? 'tart' : 'local';
