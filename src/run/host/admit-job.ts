import type { AdmittedJob } from '../../../machines/contracts/job.ts';
import { type Credentials, summarizeWithoutProfile } from '../../domain/credentials/index.ts';
import { requireToolchain } from '../../domain/toolchain.ts';
import { admittedJob, readJob, type SentJob } from '../read-job.ts';
import type { Services } from '../services.ts';

/**
 * Whether a job can be done here at all, as far as its manifest and the form of its credentials tell. What is in a
 * profile or a PKCS#12 file the process of the run finds out: nothing is taken apart here. A person at the terminal has
 * the bundle at hand and is told first what is wrong with it; see `checkCredentials`.
 *
 * @throws ShipError as `readJob` · TOOLCHAIN_LACKS_PRODUCTBUILD
 */
export function admitJob(
  { config, toolchain, audience }: Pick<Services, 'config' | 'toolchain' | 'audience'>,
  sent: SentJob,
): AdmittedJob {
  const expected = audience === 'hub' ? toolchain.expected() : undefined;
  const job = readJob(sent, {
    summarize: summarizeWithoutProfile,
    notarize: config.notarize,
    requireMeans: (plan) =>
      expected && requireToolchain(plan, { toolchain: expected, storePackage: config.storePackage }),
  });
  forget(job.credentials);
  return admittedJob(job, toolchain.certain ?? null);
}

function forget({ main, notarize, installer }: Credentials): void {
  for (const supplied of [main, notarize, installer]) supplied?.p12.fill(0);
}
