import { probeToolchain } from '../../adapters/xcode/index.ts';
import { requireToolchain, type Toolchain } from '../../domain/toolchain.ts';
import { held } from '../workbench.ts';
import type { GuestStepScope } from './step.ts';

/** Asks the guest what it can do, and refuses a plan that wants more, before anything is signed. */
export async function learnToolchain({ desk, session, signal }: GuestStepScope): Promise<Toolchain> {
  const toolchain = await probeToolchain(session, { signal });
  requireToolchain(held(desk, 'plan'), toolchain);
  return toolchain;
}
