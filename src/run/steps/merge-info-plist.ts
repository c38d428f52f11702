import { mergeInfoPlist as merge } from '../../domain/bundle/index.ts';
import { readInfoPlist, writeInfoPlist } from '../../files/bundle/index.ts';
import { need } from '../run-results.ts';
import type { StepScope } from './step.ts';

/** Adds to Info.plist what the platform wants and the compiler left out. */
export async function mergeInfoPlist({ results, report }: StepScope): Promise<void> {
  const { appPath } = need(results, 'found');
  const facts = need(results, 'facts');
  const { info } = merge({
    info: await readInfoPlist(appPath, facts),
    platform: facts.platform,
    hasAssetsCar: facts.hasAssetsCar && !facts.lacksCatalogIcon,
    ...(facts.minimumOs !== undefined && { minimumOs: facts.minimumOs }),
    ...(results.icons && { iconKeys: results.icons }),
    ...wishesOf(need(results, 'manifest')),
  });
  await writeInfoPlist(appPath, facts, info);
  report.progress(90);
}

/** What the manifest may decide; iOS settings were written by the compiler. */
function wishesOf({ platform, minimumOsVersion, displayName, category, macosEncryptionExempt }: Manifest) {
  if (platform === 'ios') return {};
  return {
    ...(minimumOsVersion !== undefined && { minimumOsVersion }),
    ...(displayName !== undefined && { displayName }),
    ...(category !== undefined && { category }),
    ...(macosEncryptionExempt !== undefined && { encryptionExempt: macosEncryptionExempt }),
  };
}

type Manifest = ReturnType<typeof need<'manifest'>>;
