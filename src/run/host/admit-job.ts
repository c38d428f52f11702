import type { AdmittedJob } from '../../../machines/contracts/job.ts';
import { type Credentials, summarizeWithoutProfile } from '../../domain/credentials/index.ts';
import { requireToolchain } from '../../domain/toolchain.ts';
import { admittedJob, readJob, type SentJob } from '../read-job.ts';
import type { Services } from '../services.ts';

/**
 * Whether a job can be done here at all, as far as its manifest and the form of its credentials tell. What is in a
 * profile or a PKCS#12 file the process of the run finds out: nothing is taken apart here.
 *
 * @throws ShipError as `readJob` · TOOLCHAIN_LACKS_PRODUCTBUILD
 */
export function admitJob({ toolchain }: Pick<Services, 'toolchain'>, sent: SentJob): AdmittedJob {
  const expected = toolchain.expected();
  const job = readJob(sent, {
    summarize: summarizeWithoutProfile,
    requireMeans: (plan) => expected && requireToolchain(plan, expected),
  });
  forget(job.credentials);
  return admittedJob(job, toolchain.certain ?? null);
}

function forget({ main, notarize, installer }: Credentials): void {
  for (const supplied of [main, notarize, installer]) supplied?.p12.fill(0);
}
