import type { Toolchain } from '../../machines/contracts/job.ts';
import { ShipError } from '../errors.ts';
import { publishes, type SignPlan } from './plan.ts';

export type { Toolchain } from '../../machines/contracts/job.ts';

/** Who makes the installer package for the Mac App Store where there is no productbuild (`PERRY_STORE_PACKAGE`). */
export type StorePackage = 'productbuild' | 'portable';

/** What the machines can do, and what is wanted of those without Apple's tools. */
export interface Means {
  readonly toolchain: Toolchain;
  readonly storePackage: StorePackage;
}

/**
 * What the machines cannot do is refused before anything is signed. The Mac App Store documents `productbuild` as the
 * maker of the installer package that it takes, and may answer ITMS-90270 to another one; so one that is made here goes
 * to the store only where that is wanted.
 *
 * @returns TOOLCHAIN_LACKS_PRODUCTBUILD, if there is something to refuse
 */
export function refusalOfToolchain(
  plan: SignPlan,
  { toolchain, storePackage }: Means,
): ShipError | undefined {
  if (toolchain === 'xcode' || storePackage === 'portable') return undefined;
  if (plan.platform !== 'macos' || !publishes(plan)) return undefined;
  return new ShipError('TOOLCHAIN_LACKS_PRODUCTBUILD', {
    summary: "The app is for the Mac App Store, which takes an installer package that Apple's tools made.",
    reason: "The machines have no productbuild: that is one of Apple's own tools, and runs on macOS only.",
    nextStep:
      "Use machines that run macOS with Xcode, or leave the Mac App Store out; with PERRY_STORE_PACKAGE=portable the package is made without Apple's tools, and Apple may refuse it (ITMS-90270).",
  });
}

/** @throws ShipError TOOLCHAIN_LACKS_PRODUCTBUILD */
export function requireToolchain(plan: SignPlan, means: Means): void {
  const refusal = refusalOfToolchain(plan, means);
  if (refusal) throw refusal;
}
