import { readTrustRoots } from '../files/disk/trust-roots.ts';
import { inOrder, type PreflightInput, plannedInput, preflight } from '../preflight/index.ts';
import { jsonReport, textReport } from './check-report.ts';
import { planRequest, readRequest } from './check-request.ts';
import { exitCodes } from './exit-codes.ts';
import { interruptible } from './interruptible.ts';
import type { SignFlags } from './sign-request.ts';
import { withSurvey } from './survey-argument.ts';

export interface CheckFlags extends SignFlags {
  readonly json?: boolean;
}

/** The pre-flight by hand: exit 0 without an error, 1 with one, 2 when it was asked in a wrong way. */
export async function check(bundle: string, flags: CheckFlags): Promise<void> {
  await interruptible(flags, async (signal) => {
    const { findings, target } = await findAll(bundle, flags, signal);
    const ok = findings.every(({ severity }) => severity !== 'error');
    process.stdout.write(
      flags.json ? jsonReport(ok, findings) : textReport({ ok, findings, target, ...flags }),
    );
    process.exitCode = ok ? exitCodes.done : exitCodes.failed;
  });
}

async function findAll(bundle: string, flags: CheckFlags, signal: AbortSignal) {
  const request = await readRequest(flags, signal);
  const trustRoots = await readTrustRoots(process.env.PERRY_TRUST_ROOTS || undefined);
  return withSurvey(
    bundle,
    { ...flags, looksIntoArchives: isForNotary(flags), signal },
    async ({ survey, target }) => {
      const { info } = survey;
      const planned = await planRequest(bundle, { target, ...(info && { info }) }, request, flags);
      const { entitlements } = request;
      const around = { survey, ...(entitlements && { entitlements }), trustRoots, now: new Date() };
      const input: PreflightInput = planned.job
        ? plannedInput(planned.job, around)
        : { survey, trustRoots, now: around.now, target, distribution: flags.distribute ?? 'package' };
      const { credentials: _, ...ofBundle } = input;
      const findings = preflight(request.isBare ? ofBundle : input);
      return { findings: inOrder([...request.unreadable, ...findings, ...planned.findings]), target };
    },
  );
}

/** A key alone means notarization, as for signing. */
const isForNotary = ({ distribute, apiKey }: CheckFlags): boolean =>
  distribute === undefined ? apiKey !== undefined : distribute === 'notarize' || distribute === 'both';
