import { rcodesignVersion } from '../../adapters/rcodesign/release.ts';
import { type Tart, tartCommand } from '../../adapters/vm/tart/command.ts';
import { deleteMachine } from '../../adapters/vm/tart/destroy.ts';
import { tartHome } from '../../adapters/vm/tart/home.ts';
import { readRecord } from '../../adapters/vm/tart/image-record.ts';
import { describeMachine } from '../../adapters/vm/tart/images.ts';
import { type ListedMachine, listMachines } from '../../adapters/vm/tart/listing.ts';
import { DEFAULT_STOP_GRACE_MS } from '../../adapters/vm/tart/options.ts';
import { vmDrivers } from '../../domain/vm-driver.ts';
import { parseVmName } from '../../domain/vm-name.ts';
import { ShipError } from '../../errors.ts';
import type {
  BuiltImage,
  ImageBuildOptions,
  ImageCallOptions,
  ImageEntry,
  ImageHost,
  ImageMaker,
} from '../kinds.ts';
import { type BuildSettings, buildTartImage } from './build.ts';
import { inUse, noSuchImage, notOurImage } from './failures.ts';
import { planText } from './plan.ts';
import { type TartWish, tartWish } from './wish.ts';

/** Golden images for Tart: stopped virtual machines of macOS on this Mac. @param settings - for tests */
export function createTartMaker(host: ImageHost, settings?: BuildSettings): ImageMaker {
  const { config } = host;
  const tart = tartCommand({ binary: config.tartBinary, home: config.tartHome });
  const home = tartHome(config.tartHome);
  return {
    defaultName: vmDrivers.tart.defaultImage,
    plan: async (wish) => planText(host, await tartWish(host, wish)),
    build: async (given, options) => {
      const wish = await tartWish(host, given);
      return built(host, tart, wish, { ...options, ...(settings && { settings }) });
    },
    list: async (options) => {
      const entries: ImageEntry[] = [];
      // one after the other: each is a process, and a Mac may have many machines
      for (const machine of (await machinesHere(tart, options)).filter(mayBeImage))
        entries.push(await entryOf(tart, home, machine, options));
      return entries;
    },
    remove: async (name, { signal }) => {
      const machines = await listMachines(tart, { signal });
      const machine = machines.find((each) => each.isLocal && each.name === name);
      if (!machine)
        throw noSuchImage(
          name,
          machines.map((each) => each.name),
        );
      if (!(await readRecord(home, name))) throw notOurImage(name);
      if (machine.isRunning) throw inUse(name);
      await deleteMachine(tart, { name, home, graceMs: DEFAULT_STOP_GRACE_MS, signal });
    },
  };
}

/** A host without Tart has no images of Tart. */
async function machinesHere(tart: Tart, { signal }: ImageCallOptions): Promise<readonly ListedMachine[]> {
  try {
    return await listMachines(tart, { signal });
  } catch (error) {
    if (error instanceof ShipError && error.code === 'COMMAND_NOT_FOUND') return [];
    throw error;
  }
}

/** Neither what lies in the cache of a registry, nor the clones of jobs. */
const mayBeImage = ({ isLocal, name }: ListedMachine): boolean => isLocal && parseVmName(name) === undefined;

async function entryOf(
  tart: Tart,
  home: string,
  { name, isRunning }: ListedMachine,
  { signal }: ImageCallOptions,
): Promise<ImageEntry> {
  const [known, record] = await Promise.all([describeMachine(tart, name, signal), readRecord(home, name)]);
  const os = record ? `macOS ${record.osVersion}` : osName(known?.os);
  const made = record && { rcodesign: record.rcodesign.version, base: record.base };
  return {
    ...{ name, driver: 'tart', sizeBytes: known?.sizeBytes ?? 0 },
    ...(record && { builtAt: record.builtAt }),
    facts: { os, state: isRunning ? 'running' : 'stopped', ...made },
    ...(isRunning && {
      fault: `It is running; stop it with "tart stop ${name}" before machines are made from it.`,
    }),
  };
}

const osName = (os: string | undefined): string => (os === 'darwin' ? 'macOS' : (os ?? 'unknown'));

async function built(
  host: ImageHost,
  tart: Tart,
  wish: TartWish,
  options: ImageBuildOptions & { readonly settings?: BuildSettings },
): Promise<BuiltImage> {
  const { hostKeyFingerprint, osVersion } = await buildTartImage(host, wish, options);
  const { name, base, authorizedKey } = wish;
  if (authorizedKey === undefined)
    options.onProgress(
      'note: the password of the base image still lets in; with PERRY_TART_SSH_KEY_FILE it does not',
    );
  const size = await describeMachine(tart, name, options.signal);
  return {
    ...{ name, driver: 'tart', sizeBytes: size?.sizeBytes ?? 0, builtAt: new Date().toISOString() },
    facts: { os: `macOS ${osVersion ?? ''}`, state: 'stopped', rcodesign: rcodesignVersion, base },
    settings: [
      ...(host.config.vmDriver === 'tart' ? [] : ['PERRY_VM_DRIVER=tart']),
      `PERRY_TART_IMAGE=${name}`,
      `PERRY_TART_HOST_KEY=${hostKeyFingerprint ?? ''}`,
    ],
  };
}
