import { randomUUID } from 'node:crypto';
import { lstat, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BundleSurvey } from '../domain/bundle/index.ts';
import { ShipError } from '../errors.ts';
import { findBundle } from '../files/archive/find-bundle.ts';
import { unpackBundleFile } from '../files/archive/unpack-bundle.ts';
import { brokenSurvey, findArchivedCode, surveyBundle } from '../files/bundle/index.ts';
import type { PreflightTarget } from '../preflight/index.ts';
import { targetOf } from '../sign/opened-bundle.ts';
import { requireBundle } from './sign-files.ts';

export interface SurveyOptions {
  /** Left out: by the layout of the bundle. */
  readonly target?: PreflightTarget;
  readonly bundleId?: string;
  /** For what is notarized. */
  readonly looksIntoArchives: boolean;
  readonly signal: AbortSignal;
}

export interface SurveyedArgument {
  readonly survey: BundleSurvey;
  readonly target: PreflightTarget;
}

/**
 * Reads the bundle that was named on the command line: a folder, or an archive, which is unpacked into a folder that
 * is gone afterwards. Nothing of the bundle itself is changed.
 *
 * @throws ShipError COMMAND_USAGE_WRONG when there is no such file
 */
export async function withSurvey<T>(
  argument: string,
  options: SurveyOptions,
  use: (found: SurveyedArgument) => T | Promise<T>,
): Promise<T> {
  const path = await requireBundle(argument);
  if ((await lstat(path)).isDirectory()) return use(await surveyFolder(path, options));
  const folder = await mkdtemp(join(tmpdir(), 'perry-ship-check-'));
  try {
    return await use(await surveyArchive(path, folder, options));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function surveyFolder(
  appPath: string,
  options: SurveyOptions,
  archiveDir?: string,
): Promise<SurveyedArgument> {
  const { bundleId, signal } = options;
  const target = options.target ?? (await targetOf(appPath));
  const expected = bundleId === undefined ? {} : { expectedBundleId: bundleId };
  const beside = archiveDir === undefined ? {} : { archiveDir };
  const survey = await surveyBundle(appPath, { target, signal, ...expected, ...beside });
  if (target !== 'macos-sign' || !options.looksIntoArchives) return { target, survey };
  const scratchDir = join(tmpdir(), `perry-ship-check-${randomUUID()}`);
  return {
    target,
    survey: { ...survey, archivedCode: await findArchivedCode(appPath, survey, { scratchDir, signal }) },
  };
}

async function surveyArchive(
  path: string,
  folder: string,
  options: SurveyOptions,
): Promise<SurveyedArgument> {
  const target = options.target ?? 'ios-sign';
  try {
    await unpackBundleFile(path, folder, { signal: options.signal });
    const { appPath } = await findBundle(folder, target);
    return await surveyFolder(appPath, options, folder);
  } catch (error) {
    if (!(error instanceof ShipError) || error.failure.kind === 'host') throw error;
    return { target, survey: brokenSurvey(target, error) };
  }
}
