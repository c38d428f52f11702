import { createHash, createHmac } from 'node:crypto';

/** What a request to Amazon S3 is signed with. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface RequestToSign {
  readonly method: string;
  /** The path must be percent-encoded as it is sent: it is signed as it is. No query. */
  readonly url: URL;
  /** Further headers to sign, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Lower-case hex of the body. */
  readonly payloadSha256Hex: string;
  readonly region: string;
  readonly now: Date;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const SERVICE = 's3';

/**
 * Signs one request to S3 (Signature Version 4, in the `Authorization` header).
 *
 * @returns all headers to send beside `host`, which is signed as well
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signedHeaders(request: RequestToSign, credentials: AwsCredentials): Record<string, string> {
  const timestamp = request.now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${timestamp.slice(0, 8)}/${request.region}/${SERVICE}/aws4_request`;
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-content-sha256': request.payloadSha256Hex,
    'x-amz-date': timestamp,
    ...(credentials.sessionToken !== undefined && { 'x-amz-security-token': credentials.sessionToken }),
  };
  const all: Record<string, string> = { host: request.url.host, ...headers };
  const names = Object.keys(all).sort();
  const canonical = [
    request.method,
    request.url.pathname,
    '',
    ...names.map((name) => `${name}:${all[name]?.trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    request.payloadSha256Hex,
  ].join('\n');
  const text = [ALGORITHM, timestamp, scope, sha256Hex(canonical)].join('\n');
  const signature = hmac(signingKey(scope, credentials.secretAccessKey), text).toString('hex');
  const credential = `Credential=${credentials.accessKeyId}/${scope}`;
  headers.authorization = `${ALGORITHM} ${credential},SignedHeaders=${names.join(';')},Signature=${signature}`;
  return headers;
}

/** A path of an object as S3 wants it signed and sent: `/` stays, everything but unreserved characters is encoded. */
export const encodedPath = (object: string): string =>
  object
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(
        /[!'()*]/g,
        (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/');

function signingKey(scope: string, secret: string): Buffer {
  return scope.split('/').reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`));
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
