import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import type { GuestSession } from '../guest/guest.ts';
import type { ToolOpinion } from './opinion.ts';
import { howItEnded, runTool, tellingLine, toolFailed } from './run-tool.ts';

export interface ProductArchiveOptions {
  /** The signed bundle in the guest. */
  readonly appPath: string;
  /** Replaced when it exists. */
  readonly packagePath: string;
  readonly signal: AbortSignal;
}

/** Of the script: productbuild said that all went well, and there is no package. */
const EXIT_NO_PACKAGE = 202;

/**
 * The store refuses a package with files that only root can read; modes are not part of a signature. Success is a
 * file with the first four bytes of a flat package.
 */
const script = `app=$(absolute "$1") package=$(absolute "$2")
rm -f "$package"; chmod -R a+rX "$app" || exit
productbuild --component "$app" /Applications "$package" || exit
[ "$(head -c 4 "$package" 2>/dev/null)" = 'xar!' ] || exit ${EXIT_NO_PACKAGE}`;

/**
 * Makes the unsigned installer package that the Mac App Store wants, by `productbuild --component`.
 *
 * @throws ShipError PRODUCT_ARCHIVE_FAILED · XCODE_TOOL_MISSING · the signal's reason when aborted
 */
export async function buildProductArchive(
  session: GuestSession,
  { appPath, packagePath, signal }: ProductArchiveOptions,
): Promise<void> {
  const words = [appPath, packagePath];
  const run = await runTool(session, { tool: 'productbuild', script, words, paths: words, signal });
  if (run.exitCode === 0) return;
  const fact = run.exitCode === EXIT_NO_PACKAGE ? 'It reported success and left no package.' : '';
  throw new ShipError('PRODUCT_ARCHIVE_FAILED', {
    summary: 'productbuild did not make an installer package of the app.',
    reason: fact || tellingLine(run.said) || `It ended with ${howItEnded(run.exitCode)} and no word.`,
    nextStep: TRY_AGAIN_OR_REPORT,
    detail: { exitCode: run.exitCode, said: run.said },
  });
}

/** `Status: signed by a developer certificate issued by Apple …`, `Status: no signature`, `… untrusted certificate` */
const STATUS = 'Status: ';
const UNSOUND = /untrusted|expired|revoked|invalid|no signature/;

/**
 * What `pkgutil --check-signature` thinks of a package: it holds when the exit code is 0 and the status names a
 * certificate without reservation.
 *
 * @throws ShipError XCODE_TOOL_MISSING · XCODE_TOOL_FAILED (nothing about the signature was said) · the signal's
 *   reason when aborted
 */
export async function checkPackageSignature(
  session: GuestSession,
  { packagePath, signal }: { readonly packagePath: string; readonly signal: AbortSignal },
): Promise<ToolOpinion> {
  const words = [packagePath];
  const checking = 'package=$(absolute "$1"); exec pkgutil --check-signature "$package"';
  const run = await runTool(session, { tool: 'pkgutil', script: checking, words, paths: words, signal });
  const status = statusIn(run.stdout);
  if (status === undefined) throw toolFailed('pkgutil', run);
  return { holds: run.exitCode === 0 && /^signed /.test(status) && !UNSOUND.test(status), text: run.said };
}

const statusIn = (stdout: string): string | undefined =>
  stdout
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line.startsWith(STATUS))
    ?.slice(STATUS.length);
