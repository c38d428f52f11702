import { fromPromise } from 'xstate';
import type { Failure } from '../../machines/contracts/failure.ts';
import type { Artifact } from '../../machines/contracts/job.ts';
import { wording } from '../../machines/contracts/wording.ts';
import { storeUploadLimits } from '../../machines/store-upload/limits.ts';
import {
  type OwnBuild,
  type PartsReport,
  storeUploadMachine,
  type UploadVerdict,
} from '../../machines/store-upload/machine.ts';
import {
  adviceFor,
  askUpload,
  commitFile,
  findApp,
  findBuild,
  findOpenUpload,
  isDuplicate,
  reserveFile,
  reserveUpload,
  type StoreAccess,
  type StoreBuild,
  type StoreRemark,
  sendPart,
  type UploadState,
} from '../adapters/app-store-connect/index.ts';
import { createApiTokens } from '../adapters/apple/api-token.ts';
import { serviceUrl } from '../adapters/apple/apple-hosts.ts';
import { ShipError } from '../errors.ts';
import type { Services } from '../run/services.ts';
import { buildKeyOf } from '../run/steps/earlier-upload.ts';
import { artifactNamed, type Desk, held } from '../run/workbench.ts';
import { words } from '../words.ts';
import { stretched } from './jitter.ts';

/** Apple's own tools send a few parts side by side; more only makes the answers slower. */
const PARTS_AT_ONCE = 3;

interface RunInput {
  readonly runId: string;
  readonly artifact: Artifact;
}
type Run = { readonly input: RunInput; readonly signal: AbortSignal };

/** Hears of every effect that reads files of a run: an aborted one may not have ended when its run is cleaned up. */
type Hold = (runId: string, work: Promise<unknown>) => void;

/** The store-upload with its ports filled in; keys, addresses of parts and the file stay behind them. */
export function provideStoreUpload(services: Services, hold: Hold = () => {}) {
  const deskOf = ({ input }: Run): Desk => services.workbench.get(input.runId);
  return storeUploadMachine.provide({
    delays: {
      ...storeUploadLimits,
      retryPause: (scope) => stretched(storeUploadLimits.retryPause(scope)),
      settlePause: (scope) => stretched(storeUploadLimits.settlePause(scope)),
      pollPause: (scope) => stretched(storeUploadLimits.pollPause(scope)),
      ...services.limits.storeUpload,
    },
    actors: {
      findApp: fromPromise<string, RunInput>((run) => {
        const desk = deskOf(run);
        desk.store ??= { access: accessFor(services, desk), parts: [] };
        return findApp(desk.store.access, buildOf(desk).bundleId, run.signal);
      }),
      reserveUpload: fromPromise<string, RunInput & { appId: string }>(async (run) => {
        const desk = deskOf(run);
        const { access } = held(desk, 'store');
        const { appId } = run.input;
        const open = await findOpenUpload(access, appId, buildOf(desk), run.signal).catch(unlessRefused);
        return open ?? (await reserveUpload(access, appId, buildOf(desk), run.signal));
      }),
      recordUpload: fromPromise<void, RunInput & { uploadId: string }>((run) =>
        services.journal.recordUpload(buildKeyOf(deskOf(run), run.input.artifact), run.input.uploadId),
      ),
      reserveFile: fromPromise<{ fileId: string; parts: readonly number[] }, RunInput & { uploadId: string }>(
        async (run) => {
          const desk = deskOf(run);
          const { name, sizeBytes } = run.input.artifact;
          const file = { name, sizeBytes, uti: name.endsWith('.pkg') ? 'com.apple.pkg' : 'com.apple.ipa' };
          const { access } = held(desk, 'store');
          const { fileId, parts } = await reserveFile(access, run.input.uploadId, file, run.signal);
          desk.store = { access, parts };
          return { fileId, parts: parts.map(({ number }) => number) };
        },
      ),
      sendParts: fromPromise<PartsReport, RunInput & { parts: readonly number[] }>(async (run) => {
        const work = sendParts(deskOf(run), run.input, run.signal);
        hold(run.input.runId, work);
        return work;
      }),
      commitFile: fromPromise<void, RunInput & { uploadId: string; fileId: string }>((run) =>
        commitFile(held(deskOf(run), 'store').access, run.input.fileId, run.signal),
      ),
      askUpload: fromPromise<UploadVerdict, RunInput & { uploadId: string }>(async (run) => {
        const desk = deskOf(run);
        desk.store ??= { access: accessFor(services, desk), parts: [] };
        return verdictOf(await askUpload(desk.store.access, run.input.uploadId, run.signal));
      }),
      findOwnBuild: fromPromise<OwnBuild, RunInput>(async (run) => {
        const desk = deskOf(run);
        const { access } = held(desk, 'store');
        const earlier = await services.journal.findUpload(buildKeyOf(desk, run.input.artifact));
        const appId = await findApp(access, buildOf(desk).bundleId, run.signal);
        const build = await findBuild(access, appId, buildOf(desk), run.signal);
        if (!build || !earlier || build.uploadedAtMs < earlier.begunAtMs - CLOCK_SKEW_MS) return 'none';
        return build.isProcessed ? 'valid' : 'processing';
      }),
    },
  });
}

function accessFor({ config }: Services, desk: Desk): StoreAccess {
  const { apiKeyId, apiIssuerId, apiPrivateKeyPem } = held(desk, 'credentials');
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
function buildOf(desk: Desk): StoreBuild {
  const { bundleId, shortVersion, version, platform } = held(desk, 'facts');
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
async function sendParts(
  desk: Desk,
  { parts: numbers, artifact }: RunInput & { readonly parts: readonly number[] },
  signal: AbortSignal,
): Promise<PartsReport> {
  const { access, parts } = held(desk, 'store');
  const { path } = artifactNamed(desk, artifact.name);
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
  const text = first ? lineOf(first) : 'It gives no reason.';
  return new ShipError(isDuplicate(text) ? 'STORE_DUPLICATE' : 'STORE_REJECTED', {
    summary: `App Store Connect does not take the build: ${text}`,
    nextStep:
      adviceFor(text) ?? 'Look at the build in App Store Connect, correct what it names, and try again.',
  }).failure;
}
