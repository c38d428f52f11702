import { readTrustRoots } from '../adapters/files/trust-roots.ts';
import { ShipError } from '../errors.ts';
import { type Finding, preflight } from '../preflight/index.ts';
import { jsonReport, textReport } from './check-report.ts';
import { CheckUsageError, readRequest } from './check-request.ts';
import { exitCodes } from './exit-codes.ts';
import { withSurvey } from './survey-argument.ts';

export interface CheckFlags {
  readonly target?: 'macos-sign' | 'ios-sign';
  readonly distribute?: 'notarize' | 'appstore' | 'testflight' | 'both';
  readonly p12?: string;
  readonly p12PasswordFile?: string;
  readonly notarizeP12?: string;
  readonly installerP12?: string;
  readonly profile?: string;
  readonly entitlements?: string;
  readonly bundleId?: string;
  readonly teamId?: string;
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
  error instanceof CheckUsageError || (error instanceof ShipError && error.code === 'CONFIG_INVALID');

async function findAll(bundle: string, flags: CheckFlags, signal: AbortSignal) {
  const request = await readRequest(flags);
  const trustRoots = await readTrustRoots(process.env.PERRY_TRUST_ROOTS || undefined);
  return withSurvey(bundle, { ...flags, signal }, ({ survey, target }) => {
    refuseMismatch(target, flags);
    const { unreadable, ...rest } = request;
    const input = { ...rest, survey, target, trustRoots, wantsInstaller: true, now: new Date() };
    return { findings: sorted([...unreadable, ...preflight(input)]), target };
  });
}

const sorted = (findings: readonly Finding[]): Finding[] =>
  findings.toSorted((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'));

function refuseMismatch(target: CheckFlags['target'], { distribute }: CheckFlags): void {
  if (target !== 'ios-sign' || distribute === undefined) return;
  if (distribute === 'appstore' || distribute === 'testflight') return;
  throw new CheckUsageError(`--distribute ${distribute} is for macOS apps, and this one is for iOS`);
}
