import type { Toolchain } from '../../machines/contracts/job.ts';
import { ShipError } from '../errors.ts';
import { publishes, type SignPlan } from './plan.ts';

export type { Toolchain } from '../../machines/contracts/job.ts';

/**
 * What the machines cannot do is refused before anything is signed. The Mac App Store takes an app only as an installer
 * package that productbuild made: rcodesign 0.29.0 signs such packages and builds none, and no package of another maker
 * is known to be accepted.
 *
 * @returns TOOLCHAIN_LACKS_PRODUCTBUILD, if there is something to refuse
 */
export function refusalOfToolchain(plan: SignPlan, toolchain: Toolchain): ShipError | undefined {
  if (toolchain === 'xcode' || plan.platform !== 'macos' || !publishes(plan)) return undefined;
  return new ShipError('TOOLCHAIN_LACKS_PRODUCTBUILD', {
    summary: 'The app is for the Mac App Store, which takes an installer package that cannot be made here.',
    reason: "The machines have no productbuild: that is one of Apple's own tools, and runs on macOS only.",
    nextStep: 'Use machines that run macOS with Xcode, or leave the Mac App Store out.',
  });
}

/** @throws ShipError TOOLCHAIN_LACKS_PRODUCTBUILD */
export function requireToolchain(plan: SignPlan, toolchain: Toolchain): void {
  const refusal = refusalOfToolchain(plan, toolchain);
  if (refusal) throw refusal;
}
