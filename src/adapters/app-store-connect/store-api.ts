import * as z from 'zod';
import { ShipError } from '../../errors.ts';
import { withoutTrailing } from '../../text.ts';
import type { ApiTokens } from '../apple/api-token.ts';
import { below } from '../apple/apple-hosts.ts';
import {
  type AppleAnswer,
  type AppleCall,
  askApple,
  errorsIn,
  invalidAnswer,
  refusal,
} from '../apple/apple-http.ts';
import { adviceFor, isDuplicate } from './advice.ts';

/** Where App Store Connect is, and with which key it is asked. */
export interface StoreAccess {
  /** `/v1/…` is added to it. */
  readonly baseUrl: URL;
  readonly tokens: ApiTokens;
}

/** A build as its Info.plist names it. */
export interface StoreBuild {
  readonly bundleId: string;
  readonly platform: 'IOS' | 'MAC_OS';
  /** CFBundleShortVersionString. */
  readonly shortVersion: string;
  /** CFBundleVersion. */
  readonly version: string;
}

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

const SERVICE = 'App Store Connect';
const id = z.string().min(1).max(200);
const one = z.object({ data: z.object({ id }) });

interface Asking {
  readonly what: string;
  readonly method?: AppleCall['method'];
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** The error for a 404, where that is an answer. */
  readonly missing?: () => ShipError;
}

/**
 * Apple's id of the app with exactly this bundle identifier; the filter of the API matches beginnings as well.
 *
 * @throws ShipError STORE_APP_UNKNOWN · as `askApple`
 * @see https://developer.apple.com/documentation/appstoreconnectapi/get-v1-apps
 */
export async function findApp(access: StoreAccess, bundleId: string, signal: AbortSignal): Promise<string> {
  const asking = {
    what: 'The question for the app record',
    path: ['apps'],
    query: { 'filter[bundleId]': bundleId, 'fields[apps]': 'bundleId,name', limit: '200' },
  };
  const app = z.object({ id, attributes: z.object({ bundleId: z.string() }) });
  const { data } = await ask(access, asking, z.object({ data: z.array(app) }), signal);
  const found = data.find(({ attributes }) => attributes.bundleId === bundleId);
  if (found) return found.id;
  throw new ShipError('STORE_APP_UNKNOWN', {
    summary: `App Store Connect has no app with the bundle identifier "${bundleId}" that this API key can see.`,
    reason: `It knows ${data.length} apps whose identifier begins alike.`,
    nextStep:
      'Create the app record in App Store Connect (it cannot be done by API), or use a key of its team.',
  });
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
  const { data } = await ask(access, asking, z.object({ data: z.array(z.unknown()) }), signal);
  return data.map((entry) => own.safeParse(entry)).find(({ success }) => success)?.data?.id;
}

/** A build that Apple has not refused. */
export interface KnownBuild {
  /** Milliseconds since 1970. */
  readonly uploadedAtMs: number;
  readonly isProcessed: boolean;
}

/**
 * The build of this version and number; undefined when there is none, or only a refused one.
 *
 * @see https://developer.apple.com/documentation/appstoreconnectapi/get-v1-builds
 */
export async function findBuild(
  access: StoreAccess,
  appId: string,
  { version, shortVersion, platform }: StoreBuild,
  signal: AbortSignal,
): Promise<KnownBuild | undefined> {
  const asking = {
    what: 'The question for builds of the same number',
    path: ['builds'],
    query: {
      'filter[app]': appId,
      'filter[version]': version,
      'filter[preReleaseVersion.version]': shortVersion,
      'filter[preReleaseVersion.platform]': platform,
    },
  };
  const build = z.object({
    attributes: z.object({ version: z.string(), uploadedDate: z.string(), processingState: z.string() }),
  });
  const { data } = await ask(access, asking, z.object({ data: z.array(build) }), signal);
  const taken = data.find(
    ({ attributes }) =>
      attributes.version === version && /^(PROCESSING|VALID)$/.test(attributes.processingState),
  );
  if (!taken) return undefined;
  const { uploadedDate, processingState } = taken.attributes;
  return { uploadedAtMs: Date.parse(uploadedDate), isProcessed: processingState === 'VALID' };
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
  return (await ask(access, asking, one, signal)).data.id;
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
  const { data } = await ask(access, asking, answer, signal);
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
  throw invalidAnswer({ what: asking.what, service: SERVICE }, 'the parts do not make up the file');
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
  await ask(access, asking, one, signal);
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
  const { data } = await ask(access, asking, answer, signal);
  const { errors, warnings } = data.attributes.state;
  return { state: STATES[data.attributes.state.state], errors, warnings };
}

async function ask<T extends z.ZodType>(
  access: StoreAccess,
  asking: Asking,
  schema: T,
  signal: AbortSignal,
): Promise<z.output<T>> {
  const url = below(access.baseUrl, 'v1', ...asking.path);
  for (const [name, value] of Object.entries(asking.query ?? {})) url.searchParams.set(name, value);
  const call: AppleCall = {
    what: asking.what,
    service: SERVICE,
    method: asking.method ?? 'GET',
    url,
    tokens: access.tokens,
    signal,
    ...(asking.json !== undefined && { json: asking.json }),
  };
  const answer = await askApple(call);
  if (answer.status === 404 && asking.missing) throw asking.missing();
  if (answer.status < 200 || answer.status >= 300) throw storeRefusal(call, answer);
  const read = schema.safeParse(answer.json);
  if (read.success) return read.data;
  throw invalidAnswer(call, `${read.error.issues[0]?.path.join('.') || 'the whole'} is not as documented`);
}

/** What Apple objects to, with the next step for the texts that are known. */
function storeRefusal(call: AppleCall, answer: AppleAnswer): ShipError {
  const errors = errorsIn(answer.json);
  const text = errors.map(({ code, title, detail }) => `${code} ${title} ${detail}`).join(' ');
  const advice = adviceFor(text);
  const [first] = errors;
  if (!first || !advice) return refusal(call, answer);
  return new ShipError(isDuplicate(text) ? 'STORE_DUPLICATE' : 'STORE_REJECTED', {
    summary: `App Store Connect refused the build: ${withoutTrailing(first.detail || first.title, '. \n')}.`,
    nextStep: advice,
    detail: { status: answer.status, errors },
  });
}

const unknownUpload = (uploadId: string): ShipError =>
  new ShipError('STORE_UPLOAD_UNKNOWN', {
    summary: `App Store Connect does not know the upload ${uploadId}.`,
    reason: 'It answered with HTTP status 404.',
    nextStep: 'Try again; if it fails again, check that the API key is of the team of the app.',
  });
