import { join, relative } from 'node:path';
import type { BundleSummary } from '../../../machines/contracts/job.ts';
import type { BundleSurvey } from '../../domain/bundle/index.ts';
import { notarizes } from '../../domain/plan.ts';
import { findBundle } from '../../files/archive/find-bundle.ts';
import {
  decomposeNames,
  fillEmptyRooms,
  findArchivedCode,
  makeSwiftSupport,
  removeEmbeddedProfile,
  removeFinderLeftovers,
  removeOldSignatures,
  repairModes,
  SWIFT_SUPPORT,
  surveyBundle,
  takeSidecarEntitlements,
  writeAssumedKeys,
} from '../../files/bundle/index.ts';
import { listTree } from '../../files/disk/tree.ts';
import { need } from '../run-results.ts';
import { tellOfBeside } from './debug-symbols.ts';
import { unpackedDirOf } from './download-bundle.ts';
import { examineJob } from './preflight.ts';
import type { StepScope } from './step.ts';

/** Finds the bundle, reads everything that decides how it is signed, and repairs what was lost on its way here. */
export async function inspectBundle(scope: StepScope): Promise<BundleSummary> {
  const { results, signal } = scope;
  const target = need(results, 'plan').platform === 'ios' ? 'ios-sign' : 'macos-sign';
  const found = await findBundle(unpackedDirOf(results.dir), target);
  const { bundleId: expectedBundleId } = need(results, 'manifest');
  const { appPath, archiveDir } = found;
  const unpacked = await listTree(appPath);
  const tree = target === 'macos-sign' ? await decomposeNames(appPath, unpacked) : unpacked;
  const dataFiles = below(relative(unpackedDirOf(results.dir), appPath), results.dataFiles);
  const survey = await withArchivedCode(
    scope,
    appPath,
    await surveyBundle(appPath, { target, expectedBundleId, archiveDir, tree, dataFiles, signal }),
  );
  const { facts } = survey;
  if (!facts) {
    await examineJob(scope, survey);
    throw new Error('a bundle without facts has an error');
  }
  await repairModes(found.appPath, facts, tree);
  await removeOldSignatures(found.appPath, facts);
  await fillEmptyRooms(found.appPath, facts);
  await removeEmbeddedProfile(found.appPath, facts);
  await removeFinderLeftovers(found.appPath, facts);
  await writeAssumedKeys(found.appPath, facts);
  await takeSidecarEntitlements(found.appPath);
  const isMade = survey.swiftSupport?.isMade === true;
  if (isMade) await makeSwiftSupport({ appPath: found.appPath, files: survey.files }, found.archiveDir);
  const companions = [...found.companions, ...(isMade ? [SWIFT_SUPPORT] : [])];
  delete results.dataFiles;
  await tellOfBeside(scope, found);
  Object.assign(results, { found: { ...found, companions }, facts, survey });
  return {
    folderName: found.folderName,
    bundleId: facts.bundleId,
    unpackedBytes: results.unpackedBytes ?? 0,
  };
}

/** The paths in a folder, relative to it. */
function below(folder: string, paths: ReadonlySet<string> = new Set()): Set<string> {
  const start = `${folder}/`;
  return new Set([...paths].flatMap((path) => (path.startsWith(start) ? path.slice(start.length) : [])));
}

/** Apple's notary service looks into archives. */
async function withArchivedCode(
  { results, signal }: StepScope,
  appPath: string,
  survey: BundleSurvey,
): Promise<BundleSurvey> {
  if (!notarizes(need(results, 'plan'))) return survey;
  const scratchDir = join(results.dir, 'archived-code');
  return { ...survey, archivedCode: await findArchivedCode(appPath, survey, { scratchDir, signal }) };
}
