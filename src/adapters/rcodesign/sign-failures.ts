import { type Text, TRY_AGAIN_OR_REPORT, wording } from '../../../machines/contracts/wording.ts';
import { type FailureCode, ShipError } from '../../errors.ts';
import { words } from '../../words.ts';
import { MAKE_ROOM, NO_SPACE_SAID } from '../guest/disk-full.ts';
import { rcodesignVersion } from './release.ts';
import type { SigningRecord } from './stderr-watch.ts';

interface Advice {
  readonly code: FailureCode;
  readonly matches: RegExp;
  readonly summary: (name: string, item: string) => string;
  readonly nextStep: Text;
}

/** Shell: not found. */
const EXIT_NOT_FOUND = 127;
const SCRIPT_MAGIC = /Invalid magic number: 0x2321/;

/** The error texts of rcodesign 0.29.0 that somebody can act on; the first that matches is taken. */
const advices: readonly Advice[] = [
  {
    code: 'GUEST_DISK_FULL',
    matches: NO_SPACE_SAID,
    summary: (name) => `${name} was not signed: the disk of the machine is full.`,
    nextStep: MAKE_ROOM,
  },
  {
    code: 'SIGN_TIMESTAMP_URL_INVALID',
    matches: /^HTTP error: builder error|Time-Stamp Protocol error: HTTP error: builder error/,
    summary: (name) => `${name} was not signed: the address of the time-stamp server cannot be used.`,
    nextStep: wording`Set ${words.timestampUrl} to the http or https address of an RFC 3161 server.`,
  },
  {
    code: 'SIGN_TIMESTAMP_UNAVAILABLE',
    matches: /Time-Stamp Protocol error|^HTTP error: /,
    summary: (name) => `${name} was not signed: the time-stamp server gave no time stamp.`,
    nextStep: 'Try again in some minutes; nothing has to be changed.',
  },
  {
    code: 'SIGN_KEY_REJECTED',
    matches: /--for-notarization requires use of (a Developer ID|an Apple-issued)/,
    summary: (name) => `${name} was not signed: this identity cannot sign for notarization.`,
    nextStep: 'Use a certificate of the kind "Developer ID Application" and its private key.',
  },
  {
    code: 'SIGN_TIMESTAMP_URL_INVALID',
    matches: /--for-notarization requires use of a time-stamp/,
    summary: (name) => `${name} was not signed: notarization needs time stamps, and none are configured.`,
    nextStep: wording`Set ${words.timestampUrl} to the address of a time-stamp server, or leave it out to use that of Apple.`,
  },
  {
    code: 'SIGN_KEY_REJECTED',
    matches:
      /private keys can be present|requires a corresponding CERTIFICATE|^PEM error|^certificate error|^X\.509 certificate|ring rejected loading private key|during signature creation|^CMS error: X\.509/,
    summary: (name) => `${name} was not signed: the signing identity cannot be used for this signature.`,
    nextStep:
      'Export certificate and private key of the identity again as a .p12 file (RSA of 2048 bits or more, or ECDSA P-256), and use that.',
  },
  {
    code: 'SIGN_BINARY_UNSUITABLE',
    matches:
      /insufficient room to write code signature|__LINKEDIT|unable to locate __TEXT|^binary parsing error|^invalid Mach-O binary|^error writing Mach-O|^data structure parse error|binary does not have code (signature|directory)/,
    summary: (name, item) => `${item || name} cannot be signed: its form as a binary does not allow it.`,
    nextStep:
      'Link the binary again with the linker of Xcode (add -headerpad 0x1000 when there is no room) and build the bundle anew.',
  },
  {
    code: 'SIGN_LAYOUT_UNSUITABLE',
    matches:
      /Info\.plist not found|does not define CFBundle|interfacing with directory-based bundle|unable to parse settings scope|deriving identifier from path|not of a recognized type/,
    summary: (name, item) => `${item || name} cannot be signed: it is not laid out as a bundle.`,
    nextStep:
      'Keep only bundles (each with an Info.plist) and Mach-O files in Contents/MacOS, Frameworks, PlugIns, Helpers and XPCServices; move folders with a dot in their name, such as those of node_modules, to Contents/Resources.',
  },
];

/** The failure that an exit code other than zero stands for. `name` is that of the bundle or file. */
export function failureOf(
  name: string,
  exitCode: number | null,
  record: SigningRecord,
  stderrTail: string,
): ShipError {
  const detail = { exitCode, stderrTail, lastItem: record.lastItem };
  if (exitCode === EXIT_NOT_FOUND && record.error === '') return notInGuest(detail);
  if (SCRIPT_MAGIC.test(record.error)) return scriptAsMain(name, record.lastItem, detail);
  const said = record.refusal || record.error;
  const advice = advices.find(({ matches }) => matches.test(said));
  if (!advice) return unknown(name, record, detail);
  return new ShipError(advice.code, {
    summary: advice.summary(name, record.lastItem),
    reason: `rcodesign said: ${said}.`,
    nextStep: advice.nextStep,
    detail,
  });
}

const notInGuest = (detail: Record<string, unknown>): ShipError =>
  new ShipError('RCODESIGN_MISSING', {
    summary: 'rcodesign is not installed in the guest that signs.',
    reason: 'The shell of the guest did not find the program.',
    nextStep: `Install rcodesign ${rcodesignVersion} in the golden image, for example to /usr/local/bin.`,
    detail,
  });

/**
 * Apple's codesign puts the signature of a script into extended attributes and files beside the seal; rcodesign
 * ends with an error, because it can sign bundles only by their Mach-O main executable.
 */
const scriptAsMain = (name: string, item: string, detail: Record<string, unknown>): ShipError =>
  new ShipError('SIGN_BINARY_UNSUITABLE', {
    summary: `${item || name} cannot be signed: its main executable is a script.`,
    reason:
      'The file that CFBundleExecutable names begins with "#!", and only a Mach-O binary can carry the seal.',
    nextStep:
      'Make the main executable a small compiled launcher, move the script to Contents/Resources, and try again.',
    detail,
  });

const unknown = (name: string, record: SigningRecord, detail: Record<string, unknown>): ShipError =>
  new ShipError('SIGN_FAILED', {
    summary: `${name} was not signed: rcodesign ended with an error.`,
    reason: record.error === '' ? 'It ended without saying why.' : `It said: ${record.error}.`,
    nextStep: TRY_AGAIN_OR_REPORT,
    detail,
  });
