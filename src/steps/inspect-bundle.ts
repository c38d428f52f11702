import type { BundleSummary } from '../../machines/contracts/job.ts';
import { findBundle } from '../adapters/archive/find-bundle.ts';
import {
  decomposeNames,
  removeEmbeddedProfile,
  removeFinderLeftovers,
  removeOldSignatures,
  repairModes,
  surveyBundle,
  takeSidecarEntitlements,
  writeAssumedKeys,
} from '../adapters/bundle/index.ts';
import { unpackedDirOf } from './download-bundle.ts';
import { examineJob } from './preflight.ts';
import type { StepScope } from './step.ts';
import { held } from './workbench.ts';

/** Finds the bundle, reads everything that decides how it is signed, and mends what its way here has cost it. */
export async function inspectBundle(scope: StepScope): Promise<BundleSummary> {
  const { desk, signal } = scope;
  const target = held(desk, 'plan').platform === 'ios' ? 'ios-sign' : 'macos-sign';
  const found = await findBundle(unpackedDirOf(desk.dir), target);
  if (target === 'macos-sign') await decomposeNames(found.appPath);
  const { bundleId: expectedBundleId } = held(desk, 'manifest');
  const survey = await surveyBundle(found.appPath, { target, expectedBundleId, signal });
  const { facts } = survey;
  if (!facts) {
    await examineJob(scope, survey);
    throw new Error('a bundle without facts has an error');
  }
  await repairModes(found.appPath, facts);
  await removeOldSignatures(found.appPath, facts);
  await removeEmbeddedProfile(found.appPath, facts);
  await removeFinderLeftovers(found.appPath, facts);
  await writeAssumedKeys(found.appPath, facts);
  await takeSidecarEntitlements(found.appPath);
  Object.assign(desk, { found, facts, survey });
  return { folderName: found.folderName, bundleId: facts.bundleId, unpackedBytes: desk.unpackedBytes ?? 0 };
}
