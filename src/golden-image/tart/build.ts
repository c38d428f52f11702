import { randomUUID } from 'node:crypto';
import { textsOf } from '../../../machines/contracts/wording.ts';
import type { ImageBuildOutput, ImageBuildPhase } from '../../../machines/image-build/machine.ts';
import { type ImageBuildLimits, runImageBuild } from '../../actors/image-build.ts';
import type { PinnedRelease } from '../../adapters/rcodesign/release.ts';
import { tartCommand } from '../../adapters/vm/tart/command.ts';
import { createTartDriver } from '../../adapters/vm/tart/driver.ts';
import { notesIn, tartOptions } from '../../daemon/tart-options.ts';
import { createRedactor } from '../../domain/redaction/index.ts';
import { printVmName } from '../../domain/vm-name.ts';
import { type FailureCode, ShipError } from '../../errors.ts';
import { createLogger } from '../../observability/logger.ts';
import type { Limits } from '../../run/limits.ts';
import { enterWorkspace, sweepWorkspaces, type Workspace } from '../../sign/workspace.ts';
import type { ImageBuildOptions, ImageHost } from '../kinds.ts';
import { effectsOf } from './effects.ts';
import { machinesOfBuild } from './machines.ts';
import { guestRelease } from './provision.ts';
import type { TartWish } from './wish.ts';

/** What tests set; the built-in values otherwise. */
export interface BuildSettings {
  readonly release?: PinnedRelease;
  readonly limits?: ImageBuildLimits;
  readonly vmLimits?: Limits['vm'];
}

/**
 * Builds one image, by the chart image-build. Whatever comes of it, no machine of the build is left, but for one that cannot
 * be deleted: the next build tries that again.
 *
 * @throws ShipError why there is no image · the signal's reason when aborted
 */
export async function buildTartImage(
  host: ImageHost,
  wish: TartWish,
  options: ImageBuildOptions & { readonly settings?: BuildSettings },
): Promise<ImageBuildOutput> {
  const workspace = await enterWorkspace(host.config.stateDir, WORKSPACE);
  // without an end that is known, the folder stays: the next build finds the machines by it
  let leaked: readonly string[] | undefined;
  try {
    const output = await runBuild(host, wish, workspace, options);
    leaked = output.leaked;
    for (const name of output.leaked)
      options.onProgress(`note: the machine ${name} could not be deleted; the next build tries again`);
    if (output.outcome === 'cancelled') throw options.signal.reason;
    if (output.failure) throw new ShipError(output.failure.code as FailureCode, textsOf(output.failure));
    return output;
  } finally {
    if (leaked?.length === 0) await workspace.leave();
  }
}

const WORKSPACE = 'image-build';

async function runBuild(
  { config, env }: ImageHost,
  wish: TartWish,
  { instance }: Workspace,
  { signal, onProgress, settings = {} }: ImageBuildOptions & { readonly settings?: BuildSettings },
): Promise<ImageBuildOutput> {
  const logger = createLogger({ level: config.logLevel, redactor: createRedactor(), forTerminal: false });
  const machines = machinesOfBuild({
    ...{ config, instance, logger },
    limits: settings.vmLimits ? { vm: settings.vmLimits } : {},
  });
  const effects = effectsOf({
    ...{ config, env, wish, instance, machines, logger, onProgress },
    tart: tartCommand({ binary: config.tartBinary, home: config.tartHome }),
    release: settings.release ?? guestRelease(),
    sweep: (stop) =>
      sweepWorkspaces(config.stateDir, (_dir, left) => driverOf(left, { config, logger }), stop, WORKSPACE),
  });
  const name = (): string => printVmName({ instance, runId: randomUUID() });
  return runImageBuild({
    ...{ effects, machines, signal, limits: settings.limits ?? {} },
    onPhase: (phase) => onProgress(PHASES[phase]),
    input: {
      name: wish.name,
      vm: { name: name(), image: wish.base },
      trialName: name(),
      installsXcode: wish.xcode !== undefined,
      authorisesKey: wish.authorizedKey !== undefined,
    },
  });
}

const driverOf = (
  instance: string,
  { config, logger }: { config: ImageHost['config']; logger: Parameters<typeof notesIn>[0] },
) => createTartDriver({ ...tartOptions(config), instance, note: notesIn(logger), guestNetwork: 'shared' });

const PHASES: Readonly<Record<ImageBuildPhase, string>> = {
  surveying: 'looking at this host',
  pulling: 'fetching the base image; some 25 GB come from its registry, once',
  booting: 'booting a clone of the base image',
  inspecting: 'looking at its guest',
  installingRcodesign: 'installing rcodesign',
  settingPower: 'switching off sleep, screen saver and software updates',
  installingXcode: 'installing Xcode, which takes half an hour',
  authorisingKey: 'authorising the SSH key; the keys of the base image are removed',
  securingSsh: 'making a host key of its own, and setting up sshd',
  shuttingDown: 'shutting the guest down',
  checking: 'trying out a clone of it',
  naming: 'giving it its name',
  discarding: 'deleting what was made',
};
