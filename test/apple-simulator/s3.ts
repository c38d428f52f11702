import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer, Exchange, Route, SimulatorContext } from './core.ts';
import { type KnownAwsKey, s3Objection } from './sigv4-verifier.ts';

/** A permission to store one object. */
export interface Grant extends KnownAwsKey {
  readonly bucket: string;
  readonly object: string;
}

export interface StoredObject {
  readonly path: string;
  readonly sha256Hex: string;
  readonly sizeBytes: number;
}

export interface S3Options {
  readonly context: SimulatorContext;
  readonly grantOf: (accessKeyId: string) => Grant | undefined;
  readonly onStored: (grant: Grant, stored: StoredObject) => Promise<void>;
}

const messages: Readonly<Record<string, string>> = {
  ExpiredToken: 'The provided token has expired.',
  SlowDown: 'Please reduce your request rate.',
  SignatureDoesNotMatch: 'The request signature we calculated does not match the signature you provided.',
  XAmzContentSHA256Mismatch: "The provided 'x-amz-content-sha256' header does not match what was computed.",
};

/** `PUT /s3/<bucket>/<object>`: path style, as with PERRY_NOTARY_S3_URL. */
export const s3Routes = (options: S3Options): readonly Route[] => [
  {
    name: 'upload',
    method: 'PUT',
    path: /^\/s3\/([^/]+)\/(.+)$/,
    ownFaults: ['expiredToken', 'slowDown'],
    handle: (exchange) => store(options, exchange),
  },
];

async function store(options: S3Options, exchange: Exchange): Promise<Answer> {
  const { request, rawPath, groups, fault } = exchange;
  const refusal = await (async () => {
    if (fault === 'expiredToken') return 'ExpiredToken';
    if (fault === 'slowDown') return 'SlowDown';
    return s3Objection(request, rawPath, options.grantOf);
  })();
  if (refusal) {
    if (!fault) options.context.violations.push(`S3: ${refusal}`);
    return refused(exchange, refusal);
  }
  const grant = options.grantOf(/Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '');
  if (!grant || groups[0] !== grant.bucket || groups[1] !== grant.object) {
    options.context.violations.push(`S3: ${groups.join('/')} is not what the permission is for`);
    return refused(exchange, 'AccessDenied');
  }
  const stored = await write(options.context, exchange);
  if (!stored) return refused(exchange, 'IncompleteBody');
  const announced = request.headers['x-amz-content-sha256'];
  if (announced !== 'UNSIGNED-PAYLOAD' && announced !== stored.sha256Hex)
    return refused(exchange, 'XAmzContentSHA256Mismatch');
  await options.onStored(grant, stored);
  return {
    status: 200,
    headers: { etag: `"${stored.sha256Hex.slice(0, 32)}"`, 'x-amz-request-id': 'SIMULATED' },
  };
}

let uploads = 0;

/** Streams the body into a file; nothing when the client went away before its end. */
async function write(
  { directory }: SimulatorContext,
  { request }: Exchange,
): Promise<StoredObject | undefined> {
  uploads += 1;
  const path = join(directory, `upload-${process.pid}-${uploads}`);
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  let sizeBytes = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      hash.update(piece);
      sizeBytes += piece.length;
      await file.writeFile(piece);
    }
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
  const isWhole = sizeBytes === Number(request.headers['content-length']);
  return isWhole ? { path, sha256Hex: hash.digest('hex'), sizeBytes } : undefined;
}

async function refused({ request, rawPath }: Exchange, code: string): Promise<Answer> {
  for await (const _ of request) {
    // read to the end, so that the client hears the answer
  }
  const status = code === 'SlowDown' ? 503 : /Mismatch|Incomplete|Malformed/.test(code) ? 400 : 403;
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>${code}</Code><Message>${messages[code] ?? code}</Message><Resource>${rawPath.replaceAll('&', '&amp;')}</Resource></Error>`;
  return { status, text, headers: { 'content-type': 'application/xml' } };
}
