import { locateRcodesign } from '../adapters/rcodesign/locate.ts';
import type { VmDriver } from '../adapters/vm/driver.ts';
import type { Config } from '../config/load.ts';
import { type Check, ok, remark } from './check.ts';

/** The driver's own check, the one that the daemon makes at its start. */
export const machineHost = ({ vmDriver }: Config, makeDriver: () => VmDriver, image: string): Check => ({
  question: 'Can machines be made here?',
  ask: async (signal) => {
    const driver = makeDriver();
    await driver.checkHost?.(image, { signal });
    if (driver.isolates) return ok(`${vmDriver}, from the image "${image}"`);
    return remark(
      `With the driver "${vmDriver}", which isolates nothing: bundles and signing keys share this host`,
      'Use it for development only; set PERRY_VM_DRIVER=tart on a Mac.',
    );
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
