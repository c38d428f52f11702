import { readTrustRoots } from '../adapters/files/trust-roots.ts';
import { ShipError } from '../errors.ts';
import { type Finding, type PreflightInput, plannedInput, preflight } from '../preflight/index.ts';
import { jsonReport, textReport } from './check-report.ts';
import { planRequest, readRequest } from './check-request.ts';
import { exitCodes } from './exit-codes.ts';
import type { SignFlags } from './sign-request.ts';
import { withSurvey } from './survey-argument.ts';

export interface CheckFlags extends SignFlags {
  readonly json?: boolean;
}

/** The pre-flight by hand: exit 0 without an error, 1 with one, 2 when it was asked in a wrong way. */
export async function check(bundle: string, flags: CheckFlags): Promise<void> {
  const stopping = new AbortController();
  const stop = () => stopping.abort(new Error('the check was stopped'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const { findings, target } = await findAll(bundle, flags, stopping.signal);
    const ok = findings.every(({ severity }) => severity !== 'error');
    process.stdout.write(
      flags.json ? jsonReport(ok, findings) : textReport({ ok, findings, target, ...flags }),
    );
    process.exitCode = ok ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    if (!isUsage(error)) throw error;
    console.error(`error: ${error.message}`);
    process.exitCode = exitCodes.wrongUsage;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

const isUsage = (error: unknown): error is Error =>
  error instanceof ShipError && (error.code === 'COMMAND_USAGE_WRONG' || error.code === 'CONFIG_INVALID');

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
      return { findings: sorted([...request.unreadable, ...findings, ...planned.findings]), target };
    },
  );
}

/** A key alone means notarization, as for signing. */
const isForNotary = ({ distribute, apiKey }: CheckFlags): boolean =>
  distribute === undefined ? apiKey !== undefined : distribute === 'notarize' || distribute === 'both';

const sorted = (findings: readonly Finding[]): Finding[] =>
  findings.toSorted((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'));
