import type { Failure } from '../../../machines/contracts/failure.ts';
import { probeToolchain } from '../../adapters/xcode/index.ts';
import { refusalOfToolchain, type Toolchain } from '../../domain/toolchain.ts';
import { need } from '../run-results.ts';
import type { GuestStepScope } from './step.ts';

/** What a guest can do; with the failure of a plan that wants more. Jobs to come need not ask for it again. */
export interface LearnedToolchain {
  readonly toolchain: Toolchain;
  readonly refusal: Failure | null;
}

/** Asks the guest what it can do, before anything is signed. */
export async function learnToolchain({
  results,
  services,
  session,
  signal,
}: GuestStepScope): Promise<LearnedToolchain> {
  const toolchain = await probeToolchain(session, { signal });
  const { storePackage } = services.config;
  const refusal = refusalOfToolchain(need(results, 'plan'), { toolchain, storePackage });
  return { toolchain, refusal: refusal?.failure ?? null };
}
