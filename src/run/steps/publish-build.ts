import type { Failure } from '../../../machines/contracts/failure.ts';
import type { Artifact } from '../../../machines/contracts/job.ts';
import { wording } from '../../../machines/contracts/wording.ts';
import type { OwnBuild, PartsReport, UploadVerdict } from '../../../machines/store-upload/machine.ts';
import {
  adviceFor,
  askUpload,
  commitFile,
  findApp,
  findBuilds,
  findOpenUpload,
  isDuplicate,
  isTaken,
  type KnownBuild,
  reserveFile,
  reserveUpload,
  type StoreAccess,
  type StoreBuild,
  type StoreRemark,
  sendPart,
  type UploadState,
} from '../../adapters/app-store-connect/index.ts';
import { createApiTokens } from '../../adapters/apple/api-token.ts';
import { serviceUrl } from '../../adapters/apple/apple-hosts.ts';
import { ShipError } from '../../errors.ts';
import { words } from '../../words.ts';
import { artifactNamed, need, type RunResults } from '../run-results.ts';
import type { RunServices } from '../services.ts';
import { buildKeyOf } from './earlier-upload.ts';

/** Apple's own tools send a few parts side by side; more only makes the answers slower. */
const PARTS_AT_ONCE = 3;

/** One effect of the upload to App Store Connect. */
export interface StoreScope {
  readonly services: Pick<RunServices, 'config' | 'journal'>;
  readonly results: RunResults;
  readonly signal: AbortSignal;
}

/** What it is about, and what the states before have found out. */
interface About {
  readonly artifact: Artifact;
}

export async function findAppId(scope: StoreScope): Promise<string> {
  const { results, signal } = scope;
  return findApp(openAccess(scope), buildOf(results).bundleId, signal);
}

export async function reserve(
  { results, signal }: StoreScope,
  { appId }: { readonly appId: string },
): Promise<string> {
  const { access } = need(results, 'store');
  const open = await findOpenUpload(access, appId, buildOf(results), signal).catch(unlessRefused);
  return open ?? (await reserveUpload(access, appId, buildOf(results), signal));
}

export const recordUpload = (
  { services, results }: StoreScope,
  { artifact, uploadId }: About & { readonly uploadId: string },
): Promise<void> => services.journal.recordUpload(buildKeyOf(results, artifact), uploadId);

export async function reserveParts(
  { results, signal }: StoreScope,
  { artifact, uploadId }: About & { readonly uploadId: string },
): Promise<{ fileId: string; parts: readonly number[] }> {
  const { name, sizeBytes } = artifact;
  const file = { name, sizeBytes, uti: name.endsWith('.pkg') ? 'com.apple.pkg' : 'com.apple.ipa' };
  const { access } = need(results, 'store');
  const { fileId, parts } = await reserveFile(access, uploadId, file, signal);
  results.store = { access, parts };
  return { fileId, parts: parts.map(({ number }) => number) };
}

export const commit = (
  { results, signal }: StoreScope,
  { fileId }: { readonly fileId: string },
): Promise<void> => commitFile(need(results, 'store').access, fileId, signal);

export const askVerdict = async (
  scope: StoreScope,
  { uploadId }: { readonly uploadId: string },
): Promise<UploadVerdict> => verdictOf(await askUpload(openAccess(scope), uploadId, scope.signal));

export async function findOwnBuild(
  { services, results, signal }: StoreScope,
  { artifact }: About,
): Promise<OwnBuild> {
  const { access } = need(results, 'store');
  const earlier = await services.journal.findUpload(buildKeyOf(results, artifact));
  const appId = await findApp(access, buildOf(results).bundleId, signal);
  const build = (await findBuilds(access, appId, buildOf(results), signal)).find(isTaken);
  if (!build || !earlier || !isSince(build, earlier.begunAtMs)) return 'none';
  return build.state === 'valid' ? 'valid' : 'processing';
}

/** Whether Apple got the build after this time, as far as two clocks agree. */
export const isSince = (build: KnownBuild, begunAtMs: number): boolean =>
  build.uploadedAtMs >= begunAtMs - CLOCK_SKEW_MS;

/** Its tokens are renewed as long as the run goes on. */
export function openAccess({ services, results }: StoreScope): StoreAccess {
  results.store ??= { access: accessFor(services, results), parts: [] };
  return results.store.access;
}

function accessFor({ config }: StoreScope['services'], results: RunResults): StoreAccess {
  const { apiKeyId, apiIssuerId, apiPrivateKeyPem } = need(results, 'credentials');
  if (!apiKeyId || !apiPrivateKeyPem) throw new Error('the plan publishes without an API key');
  const key = {
    keyId: apiKeyId,
    privateKeyPem: apiPrivateKeyPem,
    ...(apiIssuerId && { issuerId: apiIssuerId }),
  };
  return {
    baseUrl: serviceUrl(config.appStoreConnectUrl, 'PERRY_APP_STORE_CONNECT_URL'),
    tokens: createApiTokens(key),
  };
}

/** What Info.plist says, which is what Apple compares with. */
export function buildOf(results: RunResults): StoreBuild {
  if (results.finished) return results.finished.build;
  const { bundleId, shortVersion, version, platform } = need(results, 'facts');
  if (shortVersion !== undefined && version !== undefined)
    return { bundleId, shortVersion, version, platform: platform === 'ios' ? 'IOS' : 'MAC_OS' };
  throw new ShipError('BUNDLE_INFO_PLIST_INCOMPLETE', {
    summary: 'The app cannot be published without a version and a build number.',
    reason: 'Its Info.plist lacks CFBundleShortVersionString or CFBundleVersion.',
    nextStep: wording`Set ${words.buildNumber} and ${words.marketingVersion}, and try again.`,
  });
}

/** The look for a reservation only spares a second one: where it is refused, a new one will do. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof ShipError && error.code === 'APPLE_REFUSED') return undefined;
  throw error;
}

/** Apple's clock and ours may differ by so much. */
const CLOCK_SKEW_MS = 300_000;

/** Some at a time; what fails for the moment is named, so that only that is sent again. */
export async function sendParts(
  { results, signal }: StoreScope,
  { parts: numbers, artifact }: About & { readonly parts: readonly number[] },
): Promise<PartsReport> {
  const { access, parts } = need(results, 'store');
  const { path } = artifactNamed(results, artifact.name);
  const waiting = parts.filter(({ number }) => numbers.includes(number));
  const missing: number[] = [];
  let hasExpired = false;
  let retryAfterMs: number | null = null;
  const worker = async (): Promise<void> => {
    for (let part = waiting.shift(); part; part = waiting.shift()) {
      const { number } = part;
      await sendPart({ path, part, service: access.baseUrl, signal }).catch((error: unknown) => {
        if (!(error instanceof ShipError) || !error.failure.retryable) throw error;
        missing.push(number);
        hasExpired ||= error.code === 'STORE_PART_EXPIRED';
        retryAfterMs = Math.max(retryAfterMs ?? 0, error.failure.retryAfterMs ?? 0) || null;
      });
    }
  };
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, worker));
  return { missing: missing.sort((a, b) => a - b), hasExpired, retryAfterMs };
}

function verdictOf({ state, errors, warnings }: UploadState): UploadVerdict {
  const remarks = [...(state === 'failed' ? errors.slice(1) : []), ...warnings].map(lineOf);
  return { state, remarks, failure: state === 'failed' ? rejection(errors) : null };
}

const lineOf = ({ code, description }: StoreRemark): string =>
  code === '' ? description : `${description} (${code})`;

function rejection([first]: readonly StoreRemark[]): Failure {
  const text = first && lineOf(first);
  return new ShipError(isDuplicate(text ?? '') ? 'STORE_DUPLICATE' : 'STORE_REJECTED', {
    summary: 'App Store Connect does not take the build.',
    reason: text || 'It names no error.',
    nextStep:
      adviceFor(text ?? '') ??
      'Look at the build in App Store Connect, correct what it names, and try again.',
  }).failure;
}
