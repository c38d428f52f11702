import { ShipError } from '../../errors.ts';
import type { MachOFacts, MachOPlatform, MachOSlice } from '../../formats/macho/index.ts';
import type { BundlePlatform } from './facts.ts';
import { shown } from './shown.ts';

const ACCEPTED: Readonly<Record<BundlePlatform, ReadonlySet<MachOPlatform>>> = {
  macos: new Set(['macos', 'maccatalyst', 'driverkit']),
  ios: new Set(['ios']),
};
const INTEL = /^(?:i386|x86_64)/;
const names = { macos: 'macOS', ios: 'iOS' } as const;

/**
 * Holds one Mach-O file against what the platform runs and what can be signed.
 *
 * @param isResource - it is not code of the app but something that the app carries, as developer tools do: then it may
 *   be for any platform
 * @throws ShipError BUNDLE_PLATFORM_WRONG · BUNDLE_ARCHITECTURE_WRONG · BUNDLE_ENCRYPTED · SIGN_BINARY_UNSUITABLE
 */
export function checkCode(
  path: string,
  { slices }: MachOFacts,
  platform: BundlePlatform,
  isResource = false,
): void {
  for (const slice of slices) {
    if (!isResource) checkPlatform(path, slice, platform);
    if (platform === 'ios' && INTEL.test(slice.architecture))
      throw wrongArchitecture(path, slice.architecture);
    if (slice.encrypted) throw encrypted(path);
    if (slice.unsealableReason) throw unsealable(path, slice.unsealableReason);
    if (slice.signatureFault) throw notSignedAgain(path, slice.signatureFault);
  }
}

/**
 * What the main executable must be beyond that.
 *
 * @throws ShipError BUNDLE_EXECUTABLE_INVALID · BUNDLE_ARCHITECTURE_WRONG
 */
export function checkMainCode(path: string, { slices }: MachOFacts, platform: BundlePlatform): void {
  const odd = slices.find(({ fileType }) => fileType !== 'execute');
  if (odd) throw notAProgram(path, `It is a Mach-O file of the type "${odd.fileType}", not a program`);
  const architectures = slices.map(({ architecture }) => architecture);
  const runnable = platform === 'ios' ? /^arm64/ : /^(?:arm64|x86_64)/;
  if (!architectures.some((architecture) => runnable.test(architecture)))
    throw new ShipError('BUNDLE_ARCHITECTURE_WRONG', {
      summary: `The main executable ${shown(path)} does not run on current ${names[platform]} devices.`,
      reason: `It was built for ${architectures.join(', ') || 'no processor'}.`,
      nextStep: 'Build the app for arm64 and try again.',
    });
}

function checkPlatform(path: string, { builds }: MachOSlice, platform: BundlePlatform): void {
  const isWatchCode = platform === 'ios' && path.startsWith('Watch/');
  const wrong = builds.find(
    (build) => !ACCEPTED[platform].has(build.platform) && !(isWatchCode && build.platform === 'watchos'),
  );
  if (!wrong) return;
  throw new ShipError('BUNDLE_PLATFORM_WRONG', {
    summary: `The bundle is to be signed for ${names[platform]}, but ${shown(path)} was built for ${wrong.platform}.`,
    reason: `Its load commands name the platform ${wrong.platform}.`,
    nextStep: wrong.platform.endsWith('-simulator')
      ? 'Build for devices, not for the simulator, and try again.'
      : `Build it for ${names[platform]}, or choose the target of its platform.`,
  });
}

export const notAProgram = (path: string, reason: string): ShipError =>
  new ShipError('BUNDLE_EXECUTABLE_INVALID', {
    summary: `The main executable ${shown(path)} is not a program that can be signed.`,
    reason: `${reason}.`,
    nextStep: 'Let CFBundleExecutable name the compiled program, build again and try again.',
  });

const wrongArchitecture = (path: string, architecture: string): ShipError =>
  new ShipError('BUNDLE_ARCHITECTURE_WRONG', {
    summary: `${shown(path)} holds ${architecture} code, which no iOS device runs.`,
    reason: 'The App Store refuses bundles with such code; it comes from a build for the simulator.',
    nextStep: `Remove that part ("lipo -remove ${architecture}") or take the library's device build, and build again.`,
  });

const encrypted = (path: string): ShipError =>
  new ShipError('BUNDLE_ENCRYPTED', {
    summary: `${shown(path)} is encrypted and cannot be signed again.`,
    reason: 'Its cryptid is not 0: it was downloaded from the App Store.',
    nextStep: 'Use the bundle as it came out of the build, not one taken from a device or the store.',
  });

export const unsealable = (path: string, reason: string): ShipError =>
  new ShipError('SIGN_BINARY_UNSUITABLE', {
    summary: `${shown(path)} cannot take a signature.`,
    reason: `As a Mach-O file, ${reason}.`,
    nextStep: 'Remove the file if the app does not load it (object files, debug symbols), or link it again.',
  });

export const notSignedAgain = (path: string, reason: string): ShipError =>
  new ShipError('SIGN_BINARY_UNSUITABLE', {
    summary: `${shown(path)} cannot be signed because of the signature that it has.`,
    reason: `${reason}.`,
    nextStep: 'Take it off with "codesign --remove-signature FILE", or link the file again, and try again.',
  });

/**
 * Holds the path of nested code against what rcodesign 0.29.0 can be told about one part of a bundle.
 *
 * @throws ShipError SIGN_LAYOUT_UNSUITABLE
 */
export function requireTellable(path: string): void {
  if (path !== '' && !/[:\p{Cc}]/u.test(path)) return;
  throw new ShipError('SIGN_LAYOUT_UNSUITABLE', {
    summary: `The nested code ${shown(path)} has a name that the signing tool cannot be told.`,
    reason: 'Its path is empty, or holds a colon or a control character.',
    nextStep: 'Rename the file or folder inside the bundle and try again.',
  });
}
