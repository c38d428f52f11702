import { ShipError } from '../../errors.ts';
import { plainLine } from '../../text.ts';
import { fileUrl } from '../apple/apple-hosts.ts';
import { type AppleCall, askAppleOk, invalidAnswer } from '../apple/apple-http.ts';
import { askLogAddress, type NotaryAccess, noLogYet } from './notary-api.ts';

/** What Apple found, ready to be read. */
export interface DeveloperLog {
  /** One line for each issue, errors first: `error: App.dmg/…/Helper (arm64): The binary is not signed.` */
  readonly issues: readonly string[];
  /** Of those, how many are errors. */
  readonly errorCount: number;
  /** What to do about the first error; empty when there is none. */
  readonly advice: string;
  /** Apple's sentence about the whole, e.g. "Archive contains critical validation errors". */
  readonly summary: string;
  /** Of the file that was checked; empty when the log does not say. */
  readonly sha256Hex: string;
}

const GONE = /^APPLE_(AUTH_REFUSED|REFUSED)$/;
const MAX_LOG_BYTES = 16 * 1024 * 1024;
const MAX_ISSUES = 200;
const MAX_TEXT_CHARACTERS = 400;

/**
 * Fetches Apple's log of a submission; it exists when the submission has been checked.
 *
 * @throws ShipError NOTARY_LOG_MISSING (404, or an address that has ended: ask again, a few times) · APPLE_URL_REFUSED · as `askAppleOk` ·
 * APPLE_ANSWER_INVALID
 */
export async function fetchDeveloperLog(
  access: NotaryAccess,
  id: string,
  signal: AbortSignal,
): Promise<DeveloperLog> {
  const url = fileUrl(await askLogAddress(access, id, signal), access.baseUrl);
  const call: AppleCall = {
    what: 'The download of the notarization log',
    service: "Apple's notary service",
    method: 'GET',
    url,
    signal,
    maxBytes: MAX_LOG_BYTES,
  };
  const { json } = await askAppleOk(call).catch((error: unknown) => {
    // nothing is authorized here: the address was good for a short time only
    throw error instanceof ShipError && GONE.test(error.code) ? noLogYet(id) : error;
  });
  if (typeof json !== 'object' || json === null) throw invalidAnswer(call, 'is no log');
  return readDeveloperLog(json as Readonly<Record<string, unknown>>);
}

interface Issue {
  readonly severity: string;
  readonly text: string;
  readonly message: string;
}

/** Sample: `{"issues":[{"severity":"error","path":"A.dmg/A.app/Contents/MacOS/A","message":"…","architecture":"arm64"}]}` */
export function readDeveloperLog(log: Readonly<Record<string, unknown>>): DeveloperLog {
  const all = Array.isArray(log.issues) ? log.issues.slice(0, MAX_ISSUES).map(issueOf) : [];
  const errors = all.filter(({ severity }) => severity === 'error');
  const others = all.filter(({ severity }) => severity !== 'error');
  const sha256 = clean(log.sha256).toLowerCase();
  const summary = clean(log.statusSummary);
  return {
    issues: [...errors, ...others].map(({ text }) => text),
    errorCount: errors.length,
    advice: adviceFor(errors[0]?.message ?? summary, log.statusCode),
    summary,
    sha256Hex: /^[0-9a-f]{64}$/.test(sha256) ? sha256 : '',
  };
}

function issueOf(entry: unknown): Issue {
  const { severity, path, message, architecture, docUrl } = (entry ?? {}) as Record<string, unknown>;
  const kind = clean(severity).toLowerCase() || 'error';
  const place = [clean(path), clean(architecture) && `(${clean(architecture)})`].filter(Boolean).join(' ');
  const said = clean(message) || 'no message';
  const more = /^https:\/\//.test(clean(docUrl)) ? ` See ${clean(docUrl)}` : '';
  return { severity: kind, message: said, text: `${kind}: ${place ? `${place}: ` : ''}${said}${more}` };
}

/** What is wrong, by Apple's words, and what fixes it. */
const advices: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /not signed with a valid Developer ID/i,
    'Use a "Developer ID Application" certificate (.p12) that has not been revoked, and try again.',
  ],
  [
    /is not signed/i,
    'Leave only code in the bundle that can be signed, or report it to the maintainers of perry-ship.',
  ],
  [/secure timestamp/i, 'Sign with a time stamp: the address of the time-stamp server must not be "none".'],
  [
    /hardened runtime/i,
    'Report it to the maintainers of perry-ship: code for notarization is signed with the hardened runtime.',
  ],
  [/get-task-allow/i, 'Remove com.apple.security.get-task-allow from the entitlements of the app.'],
  [
    /signature of the binary is invalid/i,
    'Build the app again and sign it anew: a file changed after it was signed.',
  ],
  [/SDK older/i, 'Compile the app with a newer macOS SDK: signing cannot change that.'],
];
const TEAM_NOT_CONFIGURED = 7000;

function adviceFor(message: string, statusCode: unknown): string {
  if (statusCode === TEAM_NOT_CONFIGURED)
    return 'Ask Apple Developer Support to enable notarization for the team.';
  return advices.find(([words]) => words.test(message))?.[1] ?? '';
}

const clean = (value: unknown): string =>
  plainLine(typeof value === 'number' ? String(value) : value, MAX_TEXT_CHARACTERS);
