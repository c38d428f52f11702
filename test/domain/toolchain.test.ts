import { expect, test } from 'vitest';
import { requireToolchain } from '../../src/domain/toolchain.ts';

test.each([
  ['macos', true, 'xcode', undefined],
  ['macos', false, 'portable', undefined],
  ['ios', true, 'portable', undefined],
  ['macos', true, 'portable', 'TOOLCHAIN_LACKS_PRODUCTBUILD'],
] as const)('%s, store %s, with %s: %s', (platform, wantsStore, toolchain, code) => {
  const check = () => requireToolchain({ platform, wantsStore }, toolchain);
  if (code === undefined) expect(check).not.toThrow();
  else
    expect(check).toThrow(
      expect.objectContaining({ code, failure: expect.objectContaining({ kind: 'host' }) }),
    );
});
