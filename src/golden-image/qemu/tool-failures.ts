import { type FailureCode, ShipError } from '../../errors.ts';
import { withoutTrailing } from '../../text.ts';
import type { BuildCommand } from './commands.ts';

/** What a program says when the cause is one that is known, and what to do then. */
interface KnownCause {
  readonly said: RegExp;
  readonly code: FailureCode;
  readonly nextStep: string;
}

const CAUSES: readonly KnownCause[] = [
  {
    said: /No space left on device|(?:n't have|not) enough free space|Could not allocate|couldn't allocate a block/i,
    code: 'DISK_FULL',
    nextStep:
      'Free 2 GB on the volume of PERRY_IMAGE_DIR, or set it to another one; 1 GB is needed in /var/tmp as well.',
  },
  {
    said: /NO_PUBKEY|not signed|public key is not available|signatures? (?:couldn't|could not|were|was) /i,
    code: 'IMAGE_BUILD_FAILED',
    nextStep:
      'Use a mirror of Debian itself with --mirror, and a newer debian-archive-keyring when the release is newer than this host.',
  },
  {
    said: /does not have a Release file|Unable to locate package|404 +Not Found|no installation candidate/i,
    code: 'IMAGE_BUILD_FAILED',
    nextStep:
      'See that --suite names a release that the archive of packages has, and that --mirror, if given, is the address of one (it ends with /debian).',
  },
  {
    said: /Could not resolve|Could not connect|Unable to connect|Connection (?:failed|refused|timed out)|Failed to fetch|Network is unreachable/i,
    code: 'IMAGE_BUILD_FAILED',
    nextStep:
      'Let this host reach the archive of packages, by a proxy in http_proxy if need be, or name one that it reaches with "--mirror http://HOST/debian"; then build again.',
  },
];

const ADVICE = 'Correct what it names, and build again.';
const MAX_REASON_CHARACTERS = 300;

/** @param said - the last lines, the newest last */
export function toolFailed(
  { file, args, purpose }: BuildCommand,
  exitCode: number | null,
  said: readonly string[],
): ShipError {
  const known = CAUSES.find((cause) => said.some((line) => cause.said.test(line)));
  const line =
    said.find((each) => known?.said.test(each)) ??
    said.find((each) => /^(?:E|error)\b/i.test(each)) ??
    said.at(-1) ??
    'nothing';
  const program = file === 'unshare' && args.includes('mmdebstrap') ? 'mmdebstrap' : file;
  const end = exitCode === null ? 'a signal' : `exit code ${exitCode}`;
  return new ShipError(known?.code ?? 'IMAGE_BUILD_FAILED', {
    summary: `The image was not built: ${purpose} failed.`,
    reason: `${program} ended with ${end} and said: ${withoutTrailing(line.trim().slice(0, MAX_REASON_CHARACTERS), '.:; ')}.`,
    nextStep: known?.nextStep ?? ADVICE,
    detail: { said },
  });
}
