import * as z from 'zod';
import { ShipError } from '../../errors.ts';
import { askStore, id, listStore, type StoreAccess } from './store-call.ts';

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
    query: { 'filter[bundleId]': bundleId, 'fields[apps]': 'bundleId,name' },
  };
  const row = z.object({ id, attributes: z.object({ bundleId: z.string() }) });
  let others = 0;
  for await (const app of listStore(access, asking, row, signal)) {
    if (app.attributes.bundleId === bundleId) return app.id;
    others += 1;
  }
  throw new ShipError('STORE_APP_UNKNOWN', {
    summary: `App Store Connect has no app with the bundle identifier "${bundleId}" that this API key can see.`,
    reason: `It knows ${others} apps whose identifier begins alike.`,
    nextStep:
      'Create the app record in App Store Connect (it cannot be done by API), or use a key of its team.',
  });
}

export interface KnownBuild {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly uploadedAtMs: number;
  /** `failed` when its processing ended without a result, `invalid` when Apple found it not to be valid. */
  readonly state: 'processing' | 'failed' | 'invalid' | 'valid';
  /** What Apple knows of the encryption in the app; null as long as nobody has told. */
  readonly usesNonExemptEncryption: boolean | null;
}

const STATES = { PROCESSING: 'processing', FAILED: 'failed', INVALID: 'invalid', VALID: 'valid' } as const;

/** Whether Apple has not refused it. */
export const isTaken = ({ state }: Pick<KnownBuild, 'state'>): boolean =>
  state === 'processing' || state === 'valid';

/**
 * Every build of this version and number: one that counts at most, and those that Apple has refused.
 *
 * @see https://developer.apple.com/documentation/appstoreconnectapi/get-v1-builds
 */
export async function findBuilds(
  access: StoreAccess,
  appId: string,
  { version, shortVersion, platform }: StoreBuild,
  signal: AbortSignal,
): Promise<readonly KnownBuild[]> {
  const asking = {
    what: 'The question for builds of this number',
    path: ['builds'],
    query: {
      'filter[app]': appId,
      'filter[version]': version,
      'filter[preReleaseVersion.version]': shortVersion,
      'filter[preReleaseVersion.platform]': platform,
      limit: '200',
    },
  };
  const build = z.object({
    id,
    attributes: z.object({
      version: z.string(),
      uploadedDate: z.string(),
      processingState: z.enum(['PROCESSING', 'FAILED', 'INVALID', 'VALID']),
      usesNonExemptEncryption: z.boolean().nullish(),
    }),
  });
  const { data } = await askStore(access, asking, z.object({ data: z.array(build) }), signal);
  return data
    .filter(({ attributes }) => attributes.version === version)
    .map(({ id, attributes }) => ({
      id,
      uploadedAtMs: Date.parse(attributes.uploadedDate),
      state: STATES[attributes.processingState],
      usesNonExemptEncryption: attributes.usesNonExemptEncryption ?? null,
    }));
}
