import { SEND_THE_LOG, wording } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { plainLine, withoutTrailing } from '../../text.ts';
import { words } from '../../words.ts';
import { errorCodeOf } from '../http/errors.ts';

/** What an error needs to know of the call. */
interface Asked {
  readonly what: string;
  readonly service: string;
  readonly url: URL;
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly json: unknown;
}

/** One entry of the `errors` of an answer. */
export interface AppleErrorText {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
}

const LATER = "Try again in a few minutes; if it keeps failing, look at Apple's system status page.";
const MAX_RETRY_AFTER_MS = 15 * 60_000;
const MAX_TEXT_CHARACTERS = 300;

/** The error for a status that nobody wanted. */
export function statusFault(asked: Asked, answer: Answered): ShipError {
  const { status } = answer;
  if (status === 401) return clockFault(asked, answer) ?? keyRefused(asked, answer);
  if (status === 403)
    return /agreement/i.test(excerpt(answer)) ? agreement(asked, answer) : keyRefused(asked, answer);
  const isPassing = status === 408 || status === 425 || status === 429 || status >= 500;
  return isPassing ? unavailable(asked, answer) : refused(asked, answer);
}

/** Tokens carry times: Apple refuses them when they are further from its own. */
const MAX_SKEW_S = 60;

/** A clock that is wrong is answered like a key that is: only the time of the answer tells. */
function clockFault(asked: Asked, answer: Answered): ShipError | undefined {
  const theirs = Date.parse(String(answer.headers.date));
  const aheadS = Math.round((Date.now() - theirs) / 1000);
  return Math.abs(aheadS) > MAX_SKEW_S
    ? clockIsWrong(asked.what, aheadS, detailOf(asked, answer))
    : undefined;
}

/** @param aheadS - seconds that our clock is ahead of theirs; negative: behind; NaN when that is not known */
export function clockIsWrong(
  what: string,
  aheadS: number,
  detail: Readonly<Record<string, unknown>>,
): ShipError {
  const much = Number.isNaN(aheadS)
    ? 'far from'
    : `${Math.abs(aheadS)} s ${aheadS > 0 ? 'ahead of' : 'behind'}`;
  return new ShipError('HOST_CLOCK_WRONG', {
    summary: `${what} was refused because the clock of this host is wrong.`,
    reason: `It is ${much} that of Apple.`,
    nextStep: 'Set the clock of this host, then try again.',
    detail,
  });
}

const keyRefused = (asked: Asked, answer: Answered): ShipError =>
  new ShipError('APPLE_AUTH_REFUSED', {
    summary: `${asked.what} was refused: ${asked.service} does not accept the App Store Connect API key.`,
    reason: said(answer),
    nextStep: wording`Check ${words.apiKey}: that the parts belong together, that the key is active, and its role is Developer or higher.`,
    detail: detailOf(asked, answer),
  });

const agreement = (asked: Asked, answer: Answered): ShipError =>
  new ShipError('APPLE_AGREEMENT_MISSING', {
    summary: `${asked.what} was refused because an agreement with Apple is missing or has expired.`,
    reason: said(answer),
    nextStep:
      'The account holder accepts the agreement at https://developer.apple.com/account; then try again.',
    detail: detailOf(asked, answer),
  });

function unavailable(asked: Asked, answer: Answered): ShipError {
  const retryAfterMs = retryAfterOf(answer);
  return new ShipError('APPLE_UNAVAILABLE', {
    summary: `${asked.what} failed for now.`,
    reason: said(answer),
    nextStep: LATER,
    detail: detailOf(asked, answer),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

const refused = (asked: Asked, answer: Answered): ShipError =>
  new ShipError('APPLE_REFUSED', {
    summary: `${asked.what} was refused by ${asked.service}.`,
    reason: said(answer),
    nextStep: wording`Correct what Apple's answer names; if it names nothing, ${SEND_THE_LOG}.`,
    detail: detailOf(asked, answer),
  });

/** A connection that failed; the text of the error stays in the log, because it may hold inner addresses. */
export function networkFault(asked: Asked, error: unknown, timeoutMs: number | undefined): ShipError {
  const code = errorCodeOf(error);
  const fact =
    timeoutMs === undefined
      ? `The connection to ${asked.url.host} failed${code === '' ? '' : ` (${code})`}.`
      : `${asked.url.host} did not answer within ${Math.round(timeoutMs / 1000)} s.`;
  return new ShipError('APPLE_UNAVAILABLE', {
    summary: `${asked.what} got no answer.`,
    reason: fact,
    nextStep: `Check that this host can reach ${asked.url.host}, and try again.`,
    cause: error,
  });
}

/** What an answer gives as its errors; none when it is not of that form. */
export function errorsIn(json: unknown): readonly AppleErrorText[] {
  const { errors } = (json ?? {}) as { errors?: unknown };
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, 50).map((entry: unknown) => {
    const { code, title, detail } = (entry ?? {}) as Record<string, unknown>;
    return { code: clean(code), title: clean(title), detail: clean(detail) };
  });
}

/** Seconds or a date in the header (RFC 9110 10.2.3), or seconds in the body, as CloudKit has them. */
export function retryAfterOf({ headers, json }: Pick<Answered, 'headers' | 'json'>): number | undefined {
  const { retryAfter } = (json ?? {}) as { retryAfter?: unknown };
  const value =
    headers['retry-after'] ?? (typeof retryAfter === 'number' ? String(Math.ceil(retryAfter)) : '');
  if (typeof value !== 'string' || value === '') return undefined;
  const ms = /^\d{1,7}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) : undefined;
}

function said(answer: Answered): string {
  const text = excerpt(answer);
  return `It answered with HTTP status ${answer.status}${text === '' ? '' : `: ${withoutTrailing(text, '. ')}`}.`;
}

/** Apple's own words when there are any, else the start of a text; a page of a proxy says nothing. */
function excerpt({ json, body }: Answered): string {
  const own = errorsIn(json).map(({ title, detail }) => detail || title);
  if (own.length > 0) return clean(own.filter(Boolean).join('; '));
  const text = body.toString('utf8', 0, 2_000);
  return json !== undefined || /^\s*</.test(text) ? '' : clean(text);
}

const clean = (value: unknown): string => plainLine(value, MAX_TEXT_CHARACTERS);

const detailOf = (asked: Asked, { status, body }: Answered) => ({
  status,
  host: asked.url.host,
  path: asked.url.pathname,
  body: clean(body.toString('utf8', 0, 4_000)),
});
