import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface KnownAwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

const MAX_SKEW_MS = 15 * 60_000;
const REQUIRED = ['host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'];

/**
 * Judges an S3 request as the service does, from its own reading of the rules (Signature Version 4 in the header).
 *
 * @param rawPath - as it came; a raw `:` is taken on the wire, but `%3A` must have been signed
 * @returns the code of S3's error, or undefined when the request is good
 */
export function s3Objection(
  request: IncomingMessage,
  rawPath: string,
  keyOf: (accessKeyId: string) => KnownAwsKey | undefined,
): string | undefined {
  const header = request.headers.authorization ?? '';
  const field = (name: string) => new RegExp(`[ ,]${name}=([^,\\s]+)`).exec(header)?.[1] ?? '';
  if (!header.startsWith('AWS4-HMAC-SHA256 ')) return 'AccessDenied';
  const [accessKeyId = '', date = '', region = '', service = '', terminator = ''] =
    field('Credential').split('/');
  const key = keyOf(accessKeyId);
  if (!key) return 'InvalidAccessKeyId';
  if (text(request, 'x-amz-security-token') !== key.sessionToken) return 'InvalidToken';
  if (region !== 'us-west-2' || service !== 's3' || terminator !== 'aws4_request')
    return 'AuthorizationHeaderMalformed';
  const names = field('SignedHeaders').split(';');
  if (REQUIRED.some((name) => !names.includes(name))) return 'AccessDenied';
  if ([...names].sort().join() !== names.join()) return 'SignatureDoesNotMatch';
  const timestamp = text(request, 'x-amz-date');
  if (!timestamp.startsWith(date) || Math.abs(timeOf(timestamp) - Date.now()) > MAX_SKEW_MS)
    return 'RequestTimeTooSkewed';
  const lines = names.map((name) => `${name}:${text(request, name).trim().replace(/\s+/g, ' ')}\n`).join('');
  const payload = text(request, 'x-amz-content-sha256');
  const canonical = `${request.method}\n${canonicalPath(rawPath)}\n\n${lines}\n${names.join(';')}\n${payload}`;
  const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${date}/${region}/${service}/aws4_request\n${sha256(canonical)}`;
  let signing = hmac(`AWS4${key.secretAccessKey}`, date);
  for (const part of [region, service, 'aws4_request']) signing = hmac(signing, part);
  const expected = hmac(signing, toSign);
  const given = Buffer.from(field('Signature'), 'hex');
  return given.length === 32 && timingSafeEqual(given, expected) ? undefined : 'SignatureDoesNotMatch';
}

/** Everything but unreserved characters and `/` is encoded once, with capital letters. */
const canonicalPath = (rawPath: string): string =>
  [...Buffer.from(decodeURIComponent(rawPath))]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[A-Za-z0-9\-._~/]/.test(letter)
        ? letter
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');

const text = (request: IncomingMessage, name: string): string => String(request.headers[name] ?? '');

/** `20260102T030405Z` */
function timeOf(timestamp: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp)?.slice(1).map(Number);
  if (!parts) return Number.NaN;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();
const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex');
