import { randomUUID } from 'node:crypto';
import { basename } from 'node:path/posix';
import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { cutPath } from '../guest/cut-path.ts';
import type { GuestSession } from '../guest/guest.ts';
import { MAX_SHELL_LINE_BYTES, shellLine } from '../guest/ssh/quote.ts';
import { prepareEnvironment } from './shell.ts';
import { type SettingsFile, type SignSettings, signArguments } from './sign-arguments.ts';
import { failureOf } from './sign-failures.ts';
import { refuseSilentFailures } from './silent-failures.ts';
import { isNoise, type SigningRecord, watchStderr } from './stderr-watch.ts';

export interface SignInGuestRequest extends SignSettings {
  /** In the guest (relative: to its home): a bundle, Mach-O file, disk image or package; signed in place. */
  readonly remotePath: string;
  /** Leaf certificate first, then its chain, and one private key; left out, the signature is ad hoc. */
  readonly pem?: Uint8Array | undefined;
  /** A name to be found on PATH, or an absolute path in the guest. */
  readonly rcodesignPath?: string | undefined;
  /** Folder in the guest below which a private one is made, and removed when signing ends. */
  readonly workDir: string;
}

export interface SignInGuestOptions {
  readonly signal: AbortSignal;
  /** What rcodesign says, with the path of the guest cut to the name of the bundle. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface SignReport {
  /** Remarks that did not stop the signature, such as an expired certificate. */
  readonly warnings: readonly string[];
}

const storeScript = 'umask 077 && mkdir -p -- "$1" && cat >"$1/$2"';

/**
 * The key goes from this process through the stdin of the session and a pipe into rcodesign: it is in no
 * file, no argument and no environment of the guest. The pipe is needed, because the stdin of a session
 * may be a socket, and Linux does not open a socket by the name /dev/stdin.
 *
 * A file that may not be written by its owner (libraries of package managers are 0444) would end the signing half
 * way. Only these are touched: a change of mode makes a file look as if it had been signed, and it would travel back.
 * Extended attributes such as quarantine are refused by Apple and stripped where the guest has them.
 */
const signScript = `set -u; umask 022
work=$1 target=$2 rcodesign=$3 key=$4; shift 4
case $work in /*) ;; *) work=$PWD/$work ;; esac
case $target in /*) ;; *) target=$PWD/$target ;; esac
trap 'cd / && rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM
${prepareEnvironment}
command -v "$rcodesign" >/dev/null 2>&1 || exit 127
(umask 077 && mkdir -p "$work") && cd "$work" || exit 73
if command -v xattr >/dev/null 2>&1; then xattr -cr "$target" >/dev/null 2>&1; fi
find "$target" ! -type l ! -perm -200 -exec chmod u+w {} +
if [ "$key" = pem ]
then cat | "$rcodesign" -C /dev/null sign --pem-file /dev/stdin "$@" "$target"
else "$rcodesign" -C /dev/null sign "$@" "$target" </dev/null
fi`;

/**
 * Signs in place inside the guest with rcodesign 0.29.0 (`rcodesign sign`, nested code first). What fails half way is
 * half signed: throw the copy away.
 *
 * @throws ShipError SIGN_TIMESTAMP_UNAVAILABLE (retry on a fresh copy) · SIGN_TIMESTAMP_URL_INVALID ·
 *   SIGN_KEY_REJECTED · SIGN_BINARY_UNSUITABLE · SIGN_LAYOUT_UNSUITABLE · SIGN_UNSEALED · RCODESIGN_MISSING ·
 *   SIGN_FAILED · the signal's reason when aborted
 */
export async function signInGuest(
  session: GuestSession,
  request: SignInGuestRequest,
  options: SignInGuestOptions,
): Promise<SignReport> {
  const work = `${request.workDir}/sign-${randomUUID()}`;
  const name = basename(request.remotePath);
  const { words, files } = signArguments(request);
  const command = signCommand(name, work, request, words);
  await storeFiles(session, work, files, options.signal);
  const { record, exitCode, stderr } = await runSign(session, command, request, options);
  if (exitCode !== 0) throw failureOf(name, exitCode, record, stderr.slice(-4096));
  refuseSilentFailures(name, request.pem !== undefined, record);
  return { warnings: record.warnings };
}

function signCommand(
  name: string,
  work: string,
  request: SignInGuestRequest,
  words: readonly string[],
): string {
  const { remotePath, rcodesignPath = 'rcodesign', pem } = request;
  const key = pem === undefined ? 'adhoc' : 'pem';
  const command = shellLine(signScript, [work, remotePath, rcodesignPath, key, ...words]);
  if (Buffer.byteLength(command) <= MAX_SHELL_LINE_BYTES) return command;
  throw new ShipError('SIGN_LAYOUT_UNSUITABLE', {
    summary: `${name} cannot be signed: it holds too many nested executables.`,
    reason: `Their ${words.length} settings do not fit into one command.`,
    nextStep: 'Put fewer executables with entitlements of their own into the bundle, and try again.',
  });
}

/** Entitlements are no secret: they are in the signature for all to read. */
async function storeFiles(
  session: GuestSession,
  work: string,
  files: readonly SettingsFile[],
  signal: AbortSignal,
): Promise<void> {
  for (const { name, content } of files) {
    const command = shellLine(storeScript, [work, name]);
    const { exitCode, stderr } = await session.exec(command, { signal, stdin: content });
    if (exitCode !== 0) throw notStored(exitCode, stderr);
  }
}

interface SignRun {
  readonly record: SigningRecord;
  readonly exitCode: number | null;
  readonly stderr: string;
}

async function runSign(
  session: GuestSession,
  command: string,
  { remotePath, pem }: SignInGuestRequest,
  { signal, onLine }: SignInGuestOptions,
): Promise<SignRun> {
  const watch = watchStderr();
  const cut = cutPath(remotePath);
  const onStderrLine = (raw: string): void => {
    const line = cut(raw);
    watch.onLine(line);
    if (!isNoise(line)) onLine?.(line);
  };
  const result = await session.exec(command, { signal, onStderrLine, ...(pem && { stdin: pem }) });
  return { record: watch.record(), exitCode: result.exitCode, stderr: cut(result.stderr) };
}

const notStored = (exitCode: number | null, stderr: string): ShipError =>
  new ShipError('SIGN_FAILED', {
    summary: 'The entitlements could not be written in the guest.',
    reason: 'The guest refused to write a file to its working folder.',
    nextStep: TRY_AGAIN_OR_REPORT,
    detail: { exitCode, stderrTail: stderr.slice(-2048) },
  });
