import { livePort, port } from '../contracts/actors.ts';
import type { VmAddress, VmClone } from '../contracts/vm.ts';

/** The effects of one machine; processes and connections stay behind the ports, under its name. */
export const vmLifecyclePorts = {
  cloneVm: port<void, VmClone>('cloneVm'),
  runVm: livePort<{ type: 'never' }, VmClone>('runVm'),
  locateVm: port<VmAddress, VmClone>('locateVm'),
  connectGuest: port<void, VmClone & { address: VmAddress }>('connectGuest'),
  watchGuest: livePort<{ type: 'never' }, VmClone>('watchGuest'),
  /** One harmless command in the guest. */
  probeGuest: port<void, VmClone>('probeGuest'),
  /** Makes process and connection outlive this actor: the next owner takes them up by the machine's name. */
  detachVm: port<void, VmClone>('detachVm'),
  /** Asks the guest to shut down; that it has done so is heard from `runVm`. */
  shutDownGuest: port<void, VmClone>('shutDownGuest'),
  stopVm: port<void, VmClone>('stopVm'),
  deleteVm: port<void, VmClone>('deleteVm'),
};
