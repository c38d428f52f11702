import * as z from 'zod';
import { ShipError } from '../../errors.ts';
import { askStore, id, type StoreAccess } from './store-call.ts';

/** A build as its Info.plist names it. */
export interface StoreBuild {
  readonly bundleId: string;
  readonly platform: 'IOS' | 'MAC_OS';
  /** CFBundleShortVersionString. */
  readonly shortVersion: string;
  /** CFBundleVersion. */
  readonly version: string;
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
  const { data } = await askStore(access, asking, z.object({ data: z.array(app) }), signal);
  const found = data.find(({ attributes }) => attributes.bundleId === bundleId);
  if (found) return found.id;
  throw new ShipError('STORE_APP_UNKNOWN', {
    summary: `App Store Connect has no app with the bundle identifier "${bundleId}" that this API key can see.`,
    reason: `It knows ${data.length} apps whose identifier begins alike.`,
    nextStep:
      'Create the app record in App Store Connect (it cannot be done by API), or use a key of its team.',
  });
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
  const { data } = await askStore(access, asking, z.object({ data: z.array(build) }), signal);
  const taken = data.find(
    ({ attributes }) =>
      attributes.version === version && /^(PROCESSING|VALID)$/.test(attributes.processingState),
  );
  if (!taken) return undefined;
  const { uploadedDate, processingState } = taken.attributes;
  return { uploadedAtMs: Date.parse(uploadedDate), isProcessed: processingState === 'VALID' };
}
