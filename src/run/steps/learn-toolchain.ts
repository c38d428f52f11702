import { probeToolchain } from '../../adapters/xcode/index.ts';
import { requireToolchain, type Toolchain } from '../../domain/toolchain.ts';
import { need } from '../run-results.ts';
import type { GuestStepScope } from './step.ts';

/** Asks the guest what it can do, and refuses a plan that wants more, before anything is signed. */
export async function learnToolchain({ results, session, signal }: GuestStepScope): Promise<Toolchain> {
  const toolchain = await probeToolchain(session, { signal });
  requireToolchain(need(results, 'plan'), toolchain);
  return toolchain;
}
