import { expect, test } from 'vitest';
import { parseManifest } from '../../src/domain/manifest/index.ts';
import { planJob } from '../../src/domain/plan.ts';
import { requireToolchain } from '../../src/domain/toolchain.ts';

const key = { hasApiKey: true, apiKeyLacks: [] };
const credentials = {
  hasMainP12: true,
  hasNotarizeP12: true,
  hasInstallerP12: true,
  hasProfile: true,
  hasDeveloperIdProfile: false,
  ...key,
};

function plan(platform: 'macos' | 'ios', isForStore: boolean) {
  const wish = isForStore ? 'appstore' : undefined;
  const names = { app_name: 'Tide Clock', bundle_id: 'com.example.tide', version: '1' };
  const manifest = { ...names, targets: [`${platform}-sign`], [`${platform}_distribute`]: wish };
  return planJob(parseManifest(manifest), credentials);
}

test.each([
  ['macos', true, 'xcode', 'productbuild', undefined],
  ['macos', false, 'portable', 'productbuild', undefined],
  ['ios', true, 'portable', 'productbuild', undefined],
  ['macos', true, 'portable', 'productbuild', 'TOOLCHAIN_LACKS_PRODUCTBUILD'],
  ['macos', true, 'portable', 'portable', undefined],
] as const)('%s, store %s, with %s and %s: %s', (platform, isForStore, toolchain, storePackage, code) => {
  const check = () => requireToolchain(plan(platform, isForStore), { toolchain, storePackage });
  if (code === undefined) expect(check).not.toThrow();
  else
    expect(check).toThrow(
      expect.objectContaining({ code, failure: expect.objectContaining({ kind: 'host' }) }),
    );
});
