import type { BundleSummary } from '../../machines/contracts/job.ts';
import { findBundle } from '../adapters/archive/find-bundle.ts';
import {
  inspectBundle as inspect,
  removeEmbeddedProfile,
  repairModes,
  takeSidecarEntitlements,
} from '../adapters/bundle/index.ts';
import { ShipError } from '../errors.ts';
import { unpackedDirOf } from './download-bundle.ts';
import type { StepScope } from './step.ts';
import { held } from './workbench.ts';

/** Finds the bundle, reads everything that decides how it is signed, and mends what its way here has cost it. */
export async function inspectBundle({ desk, signal }: StepScope): Promise<BundleSummary> {
  const target = held(desk, 'plan').platform === 'ios' ? 'ios-sign' : 'macos-sign';
  const found = await findBundle(unpackedDirOf(desk.dir), target);
  const { bundleId } = held(desk, 'manifest');
  const facts = await inspect(found.appPath, { target, expectedBundleId: bundleId, signal });
  if (facts.executableKind === 'script') throw scriptExecutable(facts.executable);
  await repairModes(found.appPath, facts);
  await removeEmbeddedProfile(found.appPath, facts);
  const sidecarEntitlements = await takeSidecarEntitlements(found.appPath);
  Object.assign(desk, { found, facts, ...(sidecarEntitlements && { sidecarEntitlements }) });
  return { folderName: found.folderName, bundleId: facts.bundleId, unpackedBytes: desk.unpackedBytes ?? 0 };
}

/** `codesign` keeps such a signature beside the program; rcodesign 0.29.0 cannot, and there is no half a signature. */
const scriptExecutable = (executable: string): ShipError =>
  new ShipError('BUNDLE_EXECUTABLE_IS_SCRIPT', {
    summary: `The app cannot be signed, because its main executable "${executable}" is a script.`,
    reason: 'A code signature lives inside a Mach-O file, and a script has no place for one.',
    nextStep:
      'Make the main executable a small compiled program that starts the script from Contents/Resources.',
  });
