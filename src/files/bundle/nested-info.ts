import type { BundleFacts } from '../../domain/bundle/index.ts';
import { buildPlist, type PlistDict, parsePlistDict, plistFormat } from '../../formats/plist/index.ts';
import { readPlainFile, replaceFile } from './plain-file.ts';
import type { ReadingBudget } from './reading-budget.ts';

const MAX_INFO_BYTES = 4 * 1024 * 1024 + 1;

/**
 * The Info.plist of a nested bundle.
 *
 * @returns undefined when there is no such file
 * @throws ShipError PLIST_INVALID · BUNDLE_LINK_OUTSIDE · BUNDLE_TOO_LARGE
 */
export async function readNestedInfo(
  appPath: string,
  infoPlist: string,
  budget: ReadingBudget,
): Promise<PlistDict | undefined> {
  const bytes = await readPlainFile(appPath, infoPlist, MAX_INFO_BYTES);
  budget.spendBytes(bytes?.length ?? 0);
  try {
    return bytes && parsePlistDict(bytes, { name: infoPlist, budget: budget.plist });
  } catch (error) {
    budget.assertPlistsFit();
    throw error;
  }
}

/** Writes into the Info.plists of nested bundles what they lack and codesign assumes. */
export async function writeAssumedKeys(
  appPath: string,
  { nested }: Pick<BundleFacts, 'nested'>,
): Promise<void> {
  for (const { infoPlist: name, assumed } of nested) {
    if (!assumed) continue;
    const bytes = (await readPlainFile(appPath, name, MAX_INFO_BYTES)) ?? Buffer.alloc(0);
    const info = parsePlistDict(bytes, { name });
    await replaceFile(appPath, name, buildPlist(Object.assign(info, assumed), plistFormat(bytes), { name }));
  }
}
