import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import type { GuestSession } from '../guest/guest.ts';
import { shellLine } from '../guest/ssh/quote.ts';
import { wordBatches } from '../guest/ssh/word-batches.ts';
import { prepareEnvironment } from './shell.ts';
import { type FileReport, problemsOf, readReports } from './verify-output.ts';

export interface VerifyInGuestRequest {
  /** The bundle in the guest (relative: to its home). */
  readonly remotePath: string;
  /** Relative to the bundle. */
  readonly machOPaths: readonly string[];
  /** True when the signature was made without a key: then a missing CMS signature is as it should be. */
  readonly adHoc: boolean;
  readonly rcodesignPath?: string | undefined;
}

/** More would not fit into what a session collects, were all of them broken. */
const MAX_FILES_PER_COMMAND = 100;

/**
 * For each file: `== <index>`, what rcodesign said on both streams (20 lines at most: a changed file has one for
 * each page), `== exit <code>`. File names are left out, because they may hold anything.
 */
const verifyScript = `set -u
rcodesign=$1 bundle=$2; shift 2
${prepareEnvironment}
command -v "$rcodesign" >/dev/null 2>&1 || exit 127
cd -- "$bundle" || exit 73
index=0
for file do
  said=$("$rcodesign" -C /dev/null verify "./$file" 2>&1 </dev/null); code=$?
  printf '== %s\\n' "$index"; printf '%s\\n' "$said" | head -n 20 | cut -c 1-400; printf '== exit %s\\n' "$code"
  index=$((index + 1))
done`;

/**
 * Checks every Mach-O file by `rcodesign verify` (0.29.0): digests of its pages and slots, and the mathematics of
 * its CMS signature. It checks neither trust nor the seal over resources.
 *
 * @throws ShipError SIGNATURE_INVALID naming file and problem ·  RCODESIGN_MISSING · SIGN_FAILED (the check could
 *   not be made) · the signal's reason when aborted
 */
export async function verifyInGuest(
  session: GuestSession,
  request: VerifyInGuestRequest,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  for (const paths of wordBatches(request.machOPaths, MAX_FILES_PER_COMMAND)) {
    const reports = await verifyBatch(session, request, paths, options.signal);
    for (const [index, path] of paths.entries()) requireSound(path, reports[index], request.adHoc);
  }
}

async function verifyBatch(
  session: GuestSession,
  { remotePath, rcodesignPath = 'rcodesign' }: VerifyInGuestRequest,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<FileReport[]> {
  const command = shellLine(verifyScript, [rcodesignPath, remotePath, ...paths]);
  const { exitCode, stdout, stderr } = await session.exec(command, { signal });
  if (exitCode === 0) return readReports(stdout);
  const detail = { exitCode, stderrTail: stderr.slice(-2048) };
  if (exitCode !== 127) throw checkFailed('The command that checks them did not run to its end.', detail);
  throw new ShipError('RCODESIGN_MISSING', {
    summary: CHECK_FAILED,
    reason: 'rcodesign is not installed there.',
    nextStep: 'Install rcodesign in the golden image, for example to /usr/local/bin.',
    detail,
  });
}

const CHECK_FAILED = 'The signatures could not be checked in the guest.';

const checkFailed = (reason: string, detail: Record<string, unknown> = {}): ShipError =>
  new ShipError('SIGN_FAILED', { summary: CHECK_FAILED, reason, nextStep: TRY_AGAIN_OR_REPORT, detail });

function requireSound(path: string, report: FileReport | undefined, adHoc: boolean): void {
  if (!report) throw checkFailed(`It says nothing of "${path}".`);
  const problems = problemsOf(report, adHoc);
  if (problems.length === 0) return;
  throw new ShipError('SIGNATURE_INVALID', {
    summary: `The signature of "${path}" does not hold.`,
    reason: `rcodesign verify said: ${problems[0]}.`,
    nextStep: TRY_AGAIN_OR_REPORT,
    detail: { path, problems, exitCode: report.exitCode },
  });
}
