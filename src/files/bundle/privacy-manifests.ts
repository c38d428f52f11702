import type { PrivacyManifest } from '../../domain/bundle/index.ts';
import { baseOf } from '../../domain/bundle/nested-places.ts';
import { privacyManifestFaults } from '../../domain/bundle/privacy-manifest.ts';
import { ShipError } from '../../errors.ts';
import { parsePlistDict } from '../../formats/plist/index.ts';
import { readPlainFile } from './plain-file.ts';
import { isTooMuch, type ReadingBudget } from './reading-budget.ts';

const NAME = 'PrivacyInfo.xcprivacy';
const MAX_BYTES = 1024 * 1024;
const MAX_FAULTS = 10;

/**
 * The privacy manifests of an app and of all that is in it, wherever they lie.
 *
 * @returns those with a fault
 * @throws ShipError BUNDLE_TOO_LARGE
 */
export async function readPrivacyManifests(
  appPath: string,
  files: ReadonlySet<string>,
  budget: ReadingBudget,
): Promise<PrivacyManifest[]> {
  const found: PrivacyManifest[] = [];
  for (const path of files) {
    if (baseOf(path) !== NAME) continue;
    const bytes = (await readPlainFile(appPath, path, MAX_BYTES)) ?? Buffer.alloc(0);
    budget.spendBytes(bytes.length);
    const faults = faultsIn(bytes, path, budget);
    if (faults.length > 0) found.push({ path, faults: faults.slice(0, MAX_FAULTS) });
  }
  return found;
}

function faultsIn(bytes: Buffer, path: string, budget: ReadingBudget): PrivacyManifest['faults'] {
  try {
    return privacyManifestFaults(parsePlistDict(bytes, { name: path, budget: budget.plist }));
  } catch (error) {
    if (!(error instanceof ShipError) || isTooMuch(error)) throw error;
    budget.assertPlistsFit();
    return [{ fault: 'it is no property list with a dictionary at its top', isCertain: true }];
  }
}
