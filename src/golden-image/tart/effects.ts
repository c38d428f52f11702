import type { ImageBuildEffects } from '../../actors/image-build.ts';
import { cachedArchive } from '../../adapters/rcodesign/fetch-release.ts';
import { type PinnedRelease, rcodesignVersion } from '../../adapters/rcodesign/release.ts';
import type { Tart } from '../../adapters/vm/tart/command.ts';
import { deleteMachine } from '../../adapters/vm/tart/destroy.ts';
import { tartHome } from '../../adapters/vm/tart/home.ts';
import { writeRecord } from '../../adapters/vm/tart/image-record.ts';
import { pullImage } from '../../adapters/vm/tart/images.ts';
import { DEFAULT_STOP_GRACE_MS } from '../../adapters/vm/tart/options.ts';
import { cacheFolder } from '../../cache-folder.ts';
import { tartOptions } from '../../daemon/tart-options.ts';
import type { Logger } from '../../observability/logger.ts';
import { packageVersion } from '../../package-root.ts';
import type { ImageHost } from '../kinds.ts';
import { archiveMissing } from './failures.ts';
import { shutDown } from './guest-commands.ts';
import { type GuestWork, runInGuest } from './guest-work.ts';
import type { BuildMachines } from './machines.ts';
import { nameImage } from './name-image.ts';
import {
  authoriseKey,
  examineClone,
  inspectGuest,
  installRcodesign,
  installXcode,
  secureSsh,
  setPower,
} from './provision.ts';
import { surveyHost } from './survey.ts';
import type { TartWish } from './wish.ts';

export interface EffectsScope extends ImageHost {
  readonly wish: TartWish;
  readonly instance: string;
  readonly tart: Tart;
  readonly machines: BuildMachines;
  readonly release: PinnedRelease;
  readonly logger: Logger;
  readonly onProgress: (line: string) => void;
  /** Destroys what builds that were killed have left. */
  readonly sweep: (signal: AbortSignal) => Promise<void>;
}

/** What a build does with Tart and its guests; each that fails leaves its details in the log. */
export function effectsOf(scope: EffectsScope): ImageBuildEffects {
  const { config, env, wish, instance, tart, machines, release, logger, onProgress } = scope;
  const home = tartHome(config.tartHome);
  const takesPassword = wish.authorizedKey === undefined;
  const workIn = (vmName: string, signal: AbortSignal, rcodesign?: string): GuestWork => {
    const session = machines.sessions.get(vmName);
    if (!session) throw new Error(`there is no connection into ${vmName}`);
    const files = {
      ...(rcodesign !== undefined && { rcodesign }),
      ...(wish.xcode !== undefined && { xcode: wish.xcode }),
    };
    return { session, signal, files, onProgress };
  };
  const archive = (signal: AbortSignal): Promise<string> =>
    cachedArchive(release, cacheFolder(env), signal).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw archiveMissing(release.url, cacheFolder(env), cause);
    });
  return loggedBy(logger, {
    surveyHost: async (signal) => {
      await scope.sweep(signal);
      const survey = await surveyHost(
        { tart, home, minFreeDiskGb: tartOptions(config).minFreeDiskGb, wish },
        signal,
      );
      // measured again when it goes in
      await archive(signal);
      return survey;
    },
    pullBase: (onMoved, signal) =>
      pullImage(tart, wish.base, {
        signal,
        onLine: (line) => {
          onMoved();
          onProgress(`  ${line.replaceAll(/[^\P{C}]/gu, '').slice(0, 200)}`);
        },
      }),
    inspectGuest: (vmName, signal) => inspectGuest(workIn(vmName, signal)),
    installRcodesign: async (vmName, signal) =>
      installRcodesign(workIn(vmName, signal, await archive(signal)), release.sha256Hex),
    setPower: (vmName, signal) => setPower(workIn(vmName, signal)),
    installXcode: (vmName, signal) => installXcode(workIn(vmName, signal)),
    authoriseKey: (vmName, signal) => authoriseKey(workIn(vmName, signal), wish.authorizedKey ?? ''),
    secureSsh: async (vmName, signal) => {
      const made = await secureSsh(workIn(vmName, signal), takesPassword);
      machines.pin(made.hostKeyFingerprint);
      return made;
    },
    shutDownGuest: async (vmName, signal) => void (await runInGuest(workIn(vmName, signal), shutDown)),
    examineTrial: (vmName, signal) => examineClone(workIn(vmName, signal)),
    nameImage: async ({ vmName, name, hostKeyFingerprint, osVersion }, signal) => {
      await writeRecord(home, vmName, {
        ...{ format: 1, driver: 'tart', builtAt: new Date().toISOString(), builtBy: packageVersion() },
        ...{ base: wish.base, osVersion, hasXcode: wish.xcode !== undefined, takesPassword },
        ...{ hostKeyFingerprint, rcodesign: { version: rcodesignVersion, sha256Hex: release.sha256Hex } },
      });
      await nameImage({ tart, home, instance, force: wish.force }, { from: vmName, to: name }, signal);
    },
    discardVm: (vmName, signal) =>
      deleteMachine(tart, { name: vmName, home, graceMs: DEFAULT_STOP_GRACE_MS, signal }),
  });
}

/** The same effects; what a failure carries for the log alone is written there. */
function loggedBy(logger: Logger, effects: ImageBuildEffects): ImageBuildEffects {
  const logged =
    <A extends unknown[], T>(name: string, effect: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      try {
        return await effect(...args);
      } catch (error) {
        const signal = args.at(-1) as AbortSignal;
        // a guest that shuts down ends its connection as well
        if (!signal.aborted && name !== 'shutDownGuest')
          logger.error({ step: name, err: error }, 'a step of the build failed');
        throw error;
      }
    };
  return Object.fromEntries(
    Object.entries(effects).map(([name, effect]) => [name, logged(name, effect as never)]),
  ) as unknown as ImageBuildEffects;
}
