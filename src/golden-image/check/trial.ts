import { randomUUID } from 'node:crypto';
import { symlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createActor } from 'xstate';
import type { ImageCheckOutput } from '../../../machines/image-check/machine.ts';
import { provideImageCheck } from '../../actors/image-check.ts';
import { untilEnds } from '../../actors/until-ends.ts';
import type { VmServices } from '../../actors/vm-lifecycle.ts';
import type { GuestAddress, GuestSession } from '../../adapters/guest/guest.ts';
import { locateRcodesign } from '../../adapters/rcodesign/locate.ts';
import type { VmDriver } from '../../adapters/vm/driver.ts';
import { localImagesDir } from '../../adapters/vm/local/driver.ts';
import { createDriver } from '../../adapters/vm/select.ts';
import type { Config } from '../../config/load.ts';
import { goldenImage } from '../../daemon/golden-image.ts';
import { orchardOptions } from '../../daemon/orchard-options.ts';
import { qemuOptions } from '../../daemon/qemu-options.ts';
import { notesIn, tartOptions } from '../../daemon/tart-options.ts';
import { createRedactor } from '../../domain/redaction/index.ts';
import { vmDrivers } from '../../domain/vm-driver.ts';
import { printVmName } from '../../domain/vm-name.ts';
import { createLogger, type Logger } from '../../observability/logger.ts';
import { enterWorkspace, sweepWorkspaces, type Workspace } from '../../sign/workspace.ts';
import type { ImageHost } from '../kinds.ts';

/** A guest that was booted for the trial. */
export interface TrialGuest {
  readonly session: GuestSession;
  readonly address: GuestAddress;
  /** From the begin of the clone to the login. */
  readonly bootMs: number;
  readonly driver: VmDriver;
  /** Name of the image that it was cloned from. */
  readonly image: string;
}

const WORKSPACE = 'image-check';

/**
 * Boots a clone of the image that the configuration names, as for a job, and destroys it, by the chart image-check.
 *
 * @param examine - asks the guest
 * @throws the signal's reason when aborted, when the clone is gone
 */
export async function tryImage(
  { config, env }: ImageHost,
  signal: AbortSignal,
  examine: (guest: TrialGuest, signal: AbortSignal) => Promise<void>,
): Promise<ImageCheckOutput> {
  const workspace = await enterWorkspace(config.stateDir, WORKSPACE);
  // without an end that is known, the folder stays: the next call finds the machine by it
  let left: string | null = workspace.dir;
  try {
    const logger = createLogger({ level: config.logLevel, redactor: createRedactor(), forTerminal: false });
    const toolDirs = await hostTools(config, env, signal);
    const driverIn = (stateDir: string, instance: string) =>
      createDriver({
        ...{ kind: config.vmDriver, stateDir, instance, toolDirs, guestNetwork: config.guestNetwork },
        ...{ note: notesIn(logger), tart: tartOptions(config), qemu: qemuOptions(config) },
        orchard: () => orchardOptions(config),
      });
    await sweepWorkspaces(config.stateDir, driverIn, signal, WORKSPACE);
    const output = await runTrial(config, workspace, driverIn(workspace.dir, workspace.instance), {
      ...{ logger, signal, examine },
    });
    left = output.leakedVm;
    if (output.isCancelled) signal.throwIfAborted();
    return output;
  } finally {
    if (left === null || left === workspace.dir) await workspace.leave();
  }
}

interface TrialOptions {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly examine: (guest: TrialGuest, signal: AbortSignal) => Promise<void>;
}

async function runTrial(
  config: Config,
  workspace: Workspace,
  driver: VmDriver,
  { logger, signal, examine }: TrialOptions,
): Promise<ImageCheckOutput> {
  const image = await imageIn(workspace, config);
  await driver.checkHost?.(image, { signal });
  signal.throwIfAborted();
  const guests = new Map<string, TrialGuest>();
  const check = provideImageCheck(servicesFor(config, remembering(driver, guests), logger), (name, until) => {
    const guest = guests.get(name);
    if (!guest) throw new Error('a guest was to be asked that had not let us in');
    return examine(guest, until);
  });
  const vm = { name: printVmName({ instance: workspace.instance, runId: randomUUID() }), image };
  return untilEnds(createActor(check, { id: 'image-check', input: { vm } }), signal);
}

/** Images that were made for the local driver are in the state directory. */
async function imageIn({ dir }: Workspace, config: Config): Promise<string> {
  if (config.vmDriver === 'local' && config.tartImage !== undefined)
    await symlink(localImagesDir(resolve(config.stateDir)), localImagesDir(dir));
  return goldenImage({ ...config, stateDir: dir });
}

/** The machine is in nobody's journal: the workspace knows its own. */
const servicesFor = (config: Config, driver: VmDriver, logger: Logger): VmServices => ({
  ...{ driver, config, logger, guests: new Map(), limits: {} },
  journal: { machineBegins: async () => {}, machineIsGone: async () => {} },
});

function remembering(driver: VmDriver, guests: Map<string, TrialGuest>): VmDriver {
  const begun = { name: '', image: '', atMs: 0 };
  return {
    ...driver,
    clone: async (image, name, call) => {
      Object.assign(begun, { name, image, atMs: performance.now() });
      await driver.clone(image, name, call);
    },
    openGuest: async (address, call) => {
      const session = await driver.openGuest(address, call);
      const { image, atMs } = begun;
      guests.set(begun.name, { session, address, bootMs: performance.now() - atMs, driver, image });
      return session;
    },
  };
}

/** The guest that is this host signs with its rcodesign. */
async function hostTools(config: Config, env: ImageHost['env'], signal: AbortSignal): Promise<string[]> {
  if (!vmDrivers[config.vmDriver].usesHostTools) return [];
  return [dirname((await locateRcodesign({ env, signal, onProgress: () => {} })).path)];
}
