/** What sets one kind of VM driver (`PERRY_VM_DRIVER`) apart from the others. */
export interface VmDriverFacts {
  /** False when the guest shares the host's kernel and files: development only, said at start. */
  readonly isolates: boolean;
  /** The guest is this host in a folder of its own: it signs with this host's rcodesign. */
  readonly usesHostTools: boolean;
  /** Name of the golden image when none is configured. */
  readonly defaultImage: string;
  /** Below this much free space (10^9 bytes) on the volume of its clones no machine is made; nothing for `local`. */
  readonly minFreeDiskGb: number;
  /** Processors of this host that the boot of one machine keeps busy; absent where it mostly waits. */
  readonly bootProcessors?: number;
  /** Jobs at the same time that can be asked for; `MOST_JOBS` when left out. */
  readonly mostJobs?: number;
  /** Its hosts come and go, and others use them too: jobs can be as many as there is room for. */
  readonly roomChanges?: true;
  /** Machines that stand by when nothing is configured; one for each slot when left out. */
  readonly standbys?: number;
  /** Machines that one host can run at once, and why; absent when nothing but its size limits them. */
  readonly limit?: { readonly machines: number; readonly reason: string };
}

/** Jobs at the same time on one host: more than any has processors and memory for. */
const MOST_JOBS = 64;

/** What `PERRY_GUEST_NETWORK` can ask for: machines that reach nothing by themselves, or the network of this host. */
export const guestNetworks = ['none', 'shared'] as const;
export type GuestNetwork = (typeof guestNetworks)[number];

/** Every kind there is; `adapters/vm/select.ts` makes the driver of each. */
export const vmDrivers = {
  tart: {
    isolates: true,
    usesHostTools: false,
    defaultImage: 'perry-ship-golden',
    // a guest of macOS swaps and updates itself: clones grow by gigabytes
    minFreeDiskGb: 20,
    limit: { machines: 2, reason: 'macOS runs two macOS guests at a time, and no third one' },
  },
  // a clone holds what one job writes, a few copies of its bundle
  qemu: {
    isolates: true,
    usesHostTools: false,
    defaultImage: 'perry-ship-golden',
    minFreeDiskGb: 2,
    // seen of an emulated guest with two processors; with KVM it takes a second, one after the other or not
    bootProcessors: 2,
  },
  // clones are on the disks of its workers; a machine that stands by there is one that nobody else can have
  orchard: {
    isolates: true,
    usesHostTools: false,
    defaultImage: 'perry-ship-golden',
    minFreeDiskGb: 0,
    mostJobs: 256,
    roomChanges: true,
    standbys: 2,
  },
  local: { isolates: false, usesHostTools: true, defaultImage: 'template', minFreeDiskGb: 0 },
} as const satisfies Readonly<Record<string, VmDriverFacts>>;

export type VmDriverKind = keyof typeof vmDrivers;

export const vmDriverKinds = Object.keys(vmDrivers) as VmDriverKind[];

export const vmDriverFacts = (kind: VmDriverKind): VmDriverFacts => vmDrivers[kind];

export const mostJobsOf = (kind: VmDriverKind): number => vmDriverFacts(kind).mostJobs ?? MOST_JOBS;

/** How many machines of a kind boot at the same time, on a host with so many processors; undefined for any number. */
export function bootsAtOnce(kind: VmDriverKind, processors: number): number | undefined {
  const { bootProcessors } = vmDriverFacts(kind);
  return bootProcessors && Math.max(1, Math.floor(processors / bootProcessors));
}

/** `tart, qemu or local`. @param shown - how one kind is written */
export const vmDriverChoice = (shown: (kind: VmDriverKind) => string = (kind) => kind): string =>
  new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(vmDriverKinds.map(shown));

/** @param hasQemu - QEMU and its golden image are on this host */
export function defaultVmDriver(platform: NodeJS.Platform, hasQemu: boolean): VmDriverKind {
  if (platform === 'darwin') return 'tart';
  return platform === 'linux' && hasQemu ? 'qemu' : 'local';
}
