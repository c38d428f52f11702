import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleSurvey } from '../domain/bundle/index.ts';
import { ShipError } from '../errors.ts';
import { findBundle } from '../files/archive/find-bundle.ts';
import { unpackBundleFile } from '../files/archive/unpack-bundle.ts';
import { brokenSurvey, findArchivedCode, surveyBundle } from '../files/bundle/index.ts';
import { targetOf } from '../files/disk/app-target.ts';
import { xcodeArchiveOf } from '../files/disk/xcode-archive.ts';
import type { PreflightTarget } from '../preflight/index.ts';
import type { CheckCall } from '../run/channel/inquiries.ts';

export interface SurveyedBundle {
  readonly survey: BundleSurvey;
  readonly target: PreflightTarget;
}

/** Reads a bundle: a folder, of which nothing is changed, or an archive, which is unpacked. */
export async function surveyArgument(call: CheckCall, signal: AbortSignal): Promise<SurveyedBundle> {
  if ((await lstat(call.path)).isDirectory())
    return surveyFolder(call.path, call, signal, xcodeArchiveOf(call.path));
  const target = call.wishes.target ?? 'ios-sign';
  const folder = join(call.scratchDir, 'archive');
  try {
    await unpackBundleFile(call.path, folder, { signal });
    const { appPath, archiveDir } = await findBundle(folder, target);
    return await surveyFolder(appPath, call, signal, archiveDir);
  } catch (error) {
    if (!(error instanceof ShipError) || error.failure.kind === 'host') throw error;
    return { target, survey: brokenSurvey(target, error) };
  }
}

async function surveyFolder(
  appPath: string,
  { wishes, scratchDir, looksIntoArchives }: CheckCall,
  signal: AbortSignal,
  archiveDir?: string,
): Promise<SurveyedBundle> {
  const { bundleId } = wishes;
  const target = wishes.target ?? (await targetOf(appPath));
  const expected = bundleId === undefined ? {} : { expectedBundleId: bundleId };
  const beside = archiveDir === undefined ? {} : { archiveDir };
  const survey = await surveyBundle(appPath, { target, signal, ...expected, ...beside });
  if (target !== 'macos-sign' || !looksIntoArchives) return { target, survey };
  const inArchives = { scratchDir: join(scratchDir, 'archived-code'), signal };
  return {
    target,
    survey: { ...survey, archivedCode: await findArchivedCode(appPath, survey, inArchives) },
  };
}
