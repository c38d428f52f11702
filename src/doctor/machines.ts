import { locateRcodesign } from '../adapters/rcodesign/locate.ts';
import type { GuestProcessor, GuestReach, VmDriver } from '../adapters/vm/driver.ts';
import type { Config } from '../config/load.ts';
import { type Check, type Finding, ok, remark } from './check.ts';

/** The driver's own check, the one that the daemon makes at its start. */
export const machineHost = ({ vmDriver }: Config, makeDriver: () => VmDriver, image: string): Check => ({
  question: 'Can machines be made here?',
  ask: async (signal) => {
    const driver = makeDriver();
    await driver.checkHost?.(image, { signal });
    const processor = (await driver.processor?.(image, { signal })) ?? { kind: 'host' };
    if (driver.isolates) return processorFinding(vmDriver, image, processor);
    return remark(
      `With the driver "${vmDriver}", which isolates nothing: bundles and signing keys share this host`,
      'Use it for development only; set PERRY_VM_DRIVER=tart on a Mac, or PERRY_VM_DRIVER=qemu on Linux.',
    );
  },
});

/** Which of them run on the processor of this host, and why not. */
function processorFinding(
  kind: string,
  image: string,
  { kind: processor, obstacle }: GuestProcessor,
): Finding {
  const evidence = `${kind}, from the image "${image}"`;
  if (processor === 'host') return ok(evidence);
  const why = obstacle?.reason.replace(/\.$/, '') ?? 'KVM does not work';
  return remark(`${evidence}; emulated in software, many times slower: ${why}`, obstacle?.fix ?? NO_FIX);
}

const NO_FIX = 'Use a host on which KVM works, or accept slower machines.';

const REACHES: Readonly<Record<GuestReach['network'], string>> = {
  none: 'Nothing: it has no network, and time stamps come through SSH',
  blocked: 'This host alone: a packet filter blocks the rest, and time stamps come through SSH',
  shared: 'All that this host reaches, with the signing key in it',
  host: 'All that this host reaches: it is no machine, and nothing isolates it',
};

export const guestReach = ({ guestNetwork }: Config, makeDriver: () => VmDriver): Check => ({
  question: 'What does a machine reach?',
  ask: async (signal) => {
    const { network, fix } = await makeDriver().reach({ signal });
    if (fix !== undefined) return remark(REACHES[network], fix);
    if (network !== 'shared' || guestNetwork === 'none') return ok(REACHES[network]);
    return remark(REACHES.shared, 'Unset PERRY_GUEST_NETWORK, which asks for it.');
  },
});

/** Machines of the other drivers bring their own. */
export const signingTool = (env: NodeJS.ProcessEnv, onProgress: (line: string) => void): Check => ({
  question: 'Is rcodesign here?',
  ask: async (signal) => {
    const { path, version } = await locateRcodesign({ env, signal, onProgress });
    return ok(`${version}, ${path}`);
  },
});
