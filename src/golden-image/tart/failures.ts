import { ShipError } from '../../errors.ts';

/** A command in the guest did not do its work. */
export const stepFailed = (
  line: string,
  { exitCode, stderr }: { readonly exitCode: number | null; readonly stderr: string },
): ShipError =>
  new ShipError('IMAGE_BUILD_FAILED', {
    summary: `A command in the guest failed: ${line}`,
    reason: `It ended with ${exitCode === null ? 'a signal' : `exit code ${exitCode}`}.`,
    nextStep: 'Read what it said above, and use a base image in which it works; nothing of this one is left.',
    detail: { line, exitCode, stderr: stderr.slice(-2_048) },
  });

/** The base image is not one that a golden image can be made of. */
export const unsuitable = (reason: string, nextStep: string): ShipError =>
  new ShipError('IMAGE_BUILD_FAILED', {
    summary: 'No golden image can be made of this base image.',
    reason,
    nextStep,
  });

export const notAsSet = (reason: string): ShipError =>
  new ShipError('IMAGE_BUILD_FAILED', {
    summary: 'The image is not what it was to become; nothing of it is left.',
    reason,
    nextStep: 'Use another base image with --from: something in this one undoes what is set.',
  });

export const archiveDamaged = (seen: string): ShipError =>
  new ShipError('IMAGE_BUILD_FAILED', {
    summary: 'The archive of rcodesign arrived in the guest as another one.',
    reason: `Its SHA-256 is ${JSON.stringify(seen.slice(0, 80))} there.`,
    nextStep:
      'Run the command again; if it is always so, the base image is not to be trusted: use another one.',
  });

export const archiveMissing = (url: string, folder: string, cause: unknown): ShipError =>
  new ShipError('RCODESIGN_MISSING', {
    summary: 'The archive of rcodesign for the guest could not be fetched.',
    reason: `${cause instanceof Error ? cause.message : 'The download failed'}.`,
    nextStep: `Let this host reach ${new URL(url).host}, by a proxy in HTTPS_PROXY if need be, or put ${url} into ${folder}, and run the command again.`,
    cause,
  });

export const baseMissing = (base: string, names: readonly string[]): ShipError =>
  new ShipError('VM_IMAGE_MISSING', {
    summary: `The base "${base}" does not exist on this host.`,
    reason: names.length > 0 ? `"tart list" has ${names.join(', ')}.` : '"tart list" has no machine at all.',
    nextStep: 'Give a stopped machine, or an image of a registry (HOST/NAMESPACE/NAME:TAG), with --from.',
  });

export const inUse = (name: string): ShipError =>
  new ShipError('IMAGE_IN_USE', {
    summary: `The machine "${name}" is running.`,
    reason: 'What a running machine has not written yet would be lost.',
    nextStep: `Shut it down, or stop it with "tart stop ${name}", then try again.`,
  });

export const notOurImage = (name: string): ShipError =>
  new ShipError('IMAGE_NOT_OURS', {
    summary: `The machine "${name}" was not removed: it is no image that perry-ship has built.`,
    reason: 'It has no record of such a build in its folder.',
    nextStep: `If nobody needs it, delete it with "tart delete ${name}".`,
  });

export const noSuchImage = (name: string, names: readonly string[]): ShipError =>
  new ShipError('VM_IMAGE_MISSING', {
    summary: `There is no image "${name}".`,
    reason: names.length > 0 ? `"tart list" has ${names.join(', ')}.` : '"tart list" has no machine at all.',
    nextStep: 'See "perry-ship image list".',
  });

/** Without Tart: on a Mac it is to be installed, elsewhere there is none. @throws ShipError COMMAND_NOT_FOUND */
export function elsewhere(error: unknown): never {
  const isMissing = error instanceof ShipError && error.code === 'COMMAND_NOT_FOUND';
  if (!isMissing || process.platform === 'darwin') throw error;
  throw new ShipError('COMMAND_NOT_FOUND', {
    summary: 'An image for Tart is built on a Mac.',
    reason: `The program "tart" could not be started, and this system is ${process.platform}.`,
    nextStep: 'On Linux build one for QEMU, with "--driver qemu".',
    cause: error,
  });
}
