import * as z from 'zod';
import { ShipError } from '../../errors.ts';
import type { StoreBuild } from './builds.ts';
import { type Asking, askStore, id, one, type StoreAccess, senseless } from './store-call.ts';

/** Where one slice of the file goes. The address is secret: who has it may write there. */
export interface UploadPart {
  readonly number: number;
  readonly url: string;
  readonly offset: number;
  readonly length: number;
  /** Milliseconds since 1970; infinite when Apple does not say. */
  readonly expiresAtMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface UploadState {
  readonly state: 'awaitingUpload' | 'processing' | 'complete' | 'failed';
  readonly errors: readonly StoreRemark[];
  readonly warnings: readonly StoreRemark[];
}

export interface StoreRemark {
  /** The number that the ITMS messages carry, e.g. `90062`; may be empty. */
  readonly code: string;
  readonly description: string;
}

/**
 * An upload of this build that was reserved and has no file yet, e.g. by a request whose answer was lost.
 *
 * @see https://developer.apple.com/documentation/appstoreconnectapi/get-v1-apps-_id_-builduploads
 */
export async function findOpenUpload(
  access: StoreAccess,
  appId: string,
  build: StoreBuild,
  signal: AbortSignal,
): Promise<string | undefined> {
  const asking = {
    what: 'The question for earlier uploads of the build',
    path: ['apps', appId, 'buildUploads'],
    query: { 'filter[cfBundleVersion]': build.version, 'filter[state]': 'AWAITING_UPLOAD' },
  };
  const own = z.object({
    id,
    attributes: z.object({
      cfBundleShortVersionString: z.literal(build.shortVersion),
      cfBundleVersion: z.literal(build.version),
      platform: z.literal(build.platform),
      state: z.object({ state: z.literal('AWAITING_UPLOAD') }).optional(),
    }),
  });
  const { data } = await askStore(access, asking, z.object({ data: z.array(z.unknown()) }), signal);
  return data.map((entry) => own.safeParse(entry)).find(({ success }) => success)?.data?.id;
}

/** @see https://developer.apple.com/documentation/appstoreconnectapi/post-v1-builduploads */
export async function reserveUpload(
  access: StoreAccess,
  appId: string,
  build: StoreBuild,
  signal: AbortSignal,
): Promise<string> {
  const attributes = {
    cfBundleShortVersionString: build.shortVersion,
    cfBundleVersion: build.version,
    platform: build.platform,
  };
  const relationships = { app: { data: { type: 'apps', id: appId } } };
  const json = { data: { type: 'buildUploads', attributes, relationships } };
  const asking = {
    what: 'The reservation of the upload',
    method: 'POST' as const,
    path: ['buildUploads'],
    json,
  };
  return (await askStore(access, asking, one, signal)).data.id;
}

const operation = z.object({
  method: z.literal('PUT'),
  url: z.string().max(8192),
  offset: z.number().int().min(0),
  length: z.number().int().min(1),
  partNumber: z.number().int().min(0).nullish(),
  requestHeaders: z.array(z.object({ name: z.string().max(200), value: z.string().max(8192) })).nullish(),
  expiration: z.string().nullish(),
});

/**
 * Announces the file; Apple says how it wants it cut.
 *
 * @see https://developer.apple.com/documentation/appstoreconnectapi/post-v1-builduploadfiles
 */
export async function reserveFile(
  access: StoreAccess,
  uploadId: string,
  file: { readonly name: string; readonly sizeBytes: number; readonly uti: string },
  signal: AbortSignal,
): Promise<{ fileId: string; parts: readonly UploadPart[] }> {
  const attributes = { fileName: file.name, fileSize: file.sizeBytes, assetType: 'ASSET', uti: file.uti };
  const relationships = { buildUpload: { data: { type: 'buildUploads', id: uploadId } } };
  const asking = {
    what: 'The reservation of the file',
    method: 'POST' as const,
    path: ['buildUploadFiles'],
    json: { data: { type: 'buildUploadFiles', attributes, relationships } },
  };
  const answer = z.object({
    data: z.object({ id, attributes: z.object({ uploadOperations: z.array(operation).min(1).max(10_000) }) }),
  });
  const { data } = await askStore(access, asking, answer, signal);
  const parts = data.attributes.uploadOperations.map((part, index) => ({
    number: part.partNumber ?? index + 1,
    url: part.url,
    offset: part.offset,
    length: part.length,
    expiresAtMs: Date.parse(part.expiration ?? '') || Number.POSITIVE_INFINITY,
    headers: Object.fromEntries((part.requestHeaders ?? []).map(({ name, value }) => [name, value])),
  }));
  requireWhole(asking, parts, file.sizeBytes);
  return { fileId: data.id, parts };
}

/** The slices must be the file, each byte once: anything else would be an upload that cannot be right. */
function requireWhole(asking: Asking, parts: readonly UploadPart[], sizeBytes: number): void {
  const sorted = parts.toSorted((a, b) => a.offset - b.offset);
  const end = sorted.reduce((at, { offset, length }) => (offset === at ? at + length : Number.NaN), 0);
  const numbers = new Set(parts.map(({ number }) => number));
  if (end === sizeBytes && numbers.size === parts.length) return;
  throw senseless(asking, 'the parts do not make up the file');
}

/**
 * Without `sourceFileChecksums`: Apple has refused them.
 *
 * @see https://developer.apple.com/documentation/appstoreconnectapi/patch-v1-builduploadfiles-_id_
 */
export async function commitFile(access: StoreAccess, fileId: string, signal: AbortSignal): Promise<void> {
  const json = { data: { type: 'buildUploadFiles', id: fileId, attributes: { uploaded: true } } };
  const asking = {
    what: 'The confirmation of the upload',
    method: 'PATCH' as const,
    path: ['buildUploadFiles', fileId],
    json,
  };
  // a page of a proxy confirms nothing
  await askStore(access, asking, one, signal);
}

const remarks = z
  .array(z.object({ code: z.coerce.string().catch(''), description: z.string().catch('') }))
  .nullish()
  .transform((list) => list ?? []);
const STATES = {
  AWAITING_UPLOAD: 'awaitingUpload',
  PROCESSING: 'processing',
  COMPLETE: 'complete',
  FAILED: 'failed',
} as const;

/**
 * @throws ShipError STORE_UPLOAD_UNKNOWN (404) · as `askApple` · APPLE_ANSWER_INVALID
 * @see https://developer.apple.com/documentation/appstoreconnectapi/get-v1-builduploads-_id_
 */
export async function askUpload(
  access: StoreAccess,
  uploadId: string,
  signal: AbortSignal,
): Promise<UploadState> {
  const state = z.object({
    state: z.enum(['AWAITING_UPLOAD', 'PROCESSING', 'COMPLETE', 'FAILED']),
    errors: remarks,
    warnings: remarks,
  });
  const asking = {
    what: 'The question for the upload',
    path: ['buildUploads', uploadId],
    query: { include: 'build' },
    missing: () => unknownUpload(uploadId),
  };
  const answer = z.object({ data: z.object({ attributes: z.object({ state }) }) });
  const { data } = await askStore(access, asking, answer, signal);
  const { errors, warnings } = data.attributes.state;
  return { state: STATES[data.attributes.state.state], errors, warnings };
}

const unknownUpload = (uploadId: string): ShipError =>
  new ShipError('STORE_UPLOAD_UNKNOWN', {
    summary: `App Store Connect does not know the upload ${uploadId}.`,
    reason: 'It answered with HTTP status 404.',
    nextStep: 'Try again; if it fails again, check that the API key is of the team of the app.',
  });
