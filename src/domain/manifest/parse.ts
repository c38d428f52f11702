import type { z } from 'zod';
import { joinTexts, type Text, wording } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { manifestField, words } from '../../words.ts';
import { knownFields } from '../known-fields.ts';
import { type AfterUpload, DEFAULT_NOTES, type Manifest, type Platform } from './manifest.ts';
import { afterUploadSchema, iosSchema, macosSchema, manifestFields, targetsSchema } from './schema.ts';
import { describeSeen, pathName, valueAt } from './seen.ts';

const MAX_FINDINGS_SHOWN = 12;
const PLATFORM_OF_TARGET: ReadonlyMap<string, Platform> = new Map([
  ['macos-sign', 'macos'],
  ['ios-sign', 'ios'],
]);

/** The fields that signing knows of, as they came. */
export const knownManifest = (raw: unknown): unknown => knownFields(raw, manifestFields);

/**
 * Checks the manifest of an assignment; unknown fields, and those of the other platform, are ignored.
 *
 * @param raw - the `manifest` object as the hub sent it
 * @throws ShipError MANIFEST_INVALID (names every bad field) · TARGET_UNKNOWN
 */
export function parseManifest(raw: unknown): Manifest {
  const targets = targetsSchema.safeParse(raw);
  const platform = targets.success ? platformOf(targets.data.targets) : 'macos';
  return platform === 'ios' ? iosManifest(checked(iosSchema, raw)) : macosManifest(checked(macosSchema, raw));
}

/**
 * What is to follow the upload of a build, without a job around it.
 *
 * @throws ShipError MANIFEST_INVALID
 */
export const parseAfterUpload = (raw: unknown): AfterUpload | undefined =>
  afterUploadIn(checked(afterUploadSchema, raw)).afterUpload;

/** A sign job has exactly one target; a list in which one happens to be known is some other kind of job. */
function platformOf(targets: readonly string[]): Platform {
  const [only, ...others] = targets;
  const platform = PLATFORM_OF_TARGET.get(only?.trim().toLowerCase() ?? '');
  if (platform && others.length === 0) return platform;
  throw new ShipError('TARGET_UNKNOWN', {
    summary: 'There is no target that perry-ship knows.',
    reason: `The targets are [${targets.slice(0, MAX_FINDINGS_SHOWN).map(describeSeen).join(', ')}].`,
    nextStep: 'Name exactly one target, "macos-sign" or "ios-sign".',
  });
}

function checked<T extends z.ZodType>(schema: T, raw: unknown): z.output<T> {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  throw manifestInvalid(result.error.issues, raw);
}

function manifestInvalid(issues: readonly z.core.$ZodIssue[], raw: unknown): ShipError {
  const findings = issues.slice(0, MAX_FINDINGS_SHOWN).map((issue) => describeIssue(issue, raw));
  const more = issues.length - findings.length;
  const fields = [...new Set(issues.map((issue) => pathName(issue.path) || 'manifest'))];
  return new ShipError('MANIFEST_INVALID', {
    summary: wording`${words.manifest} cannot be used.`,
    reason: wording`${joinTexts(findings, '; ')}${more > 0 ? `; and ${more} more` : ''}.`,
    nextStep: wording`Correct ${joinTexts(fields.slice(0, MAX_FINDINGS_SHOWN).map(manifestField), ', ')} ${words.inConfiguration}, and try again.`,
  });
}

function describeIssue(issue: z.core.$ZodIssue, raw: unknown): Text {
  if (issue.path.length === 0) return `it must be an object and is ${describeSeen(raw)}`;
  return wording`${manifestField(pathName(issue.path))} ${issue.message}, seen: ${describeSeen(valueAt(raw, issue.path))}`;
}

type Common = Pick<
  z.output<typeof macosSchema>,
  keyof z.output<typeof macosSchema> & keyof z.output<typeof iosSchema>
>;

const commonFields = (raw: Common) => ({
  appName: raw.app_name,
  bundleId: raw.bundle_id,
  version: raw.version,
  ...(raw.short_version !== undefined && { shortVersion: raw.short_version }),
  ...(raw.display_name !== undefined && { displayName: raw.display_name }),
  iconConfigured: raw.icon !== undefined,
  ...(raw.debug_symbols !== undefined && { debugSymbols: raw.debug_symbols }),
  ...afterUploadIn(raw),
});

function afterUploadIn({
  wait,
  testflight_groups,
  testflight_notes,
}: z.output<typeof afterUploadSchema>): Pick<Manifest, 'afterUpload'> {
  const groups = [...new Set(testflight_groups)];
  const notes =
    typeof testflight_notes === 'string' ? { [DEFAULT_NOTES]: testflight_notes } : { ...testflight_notes };
  const isAsked = wait === true || groups.length > 0 || Object.keys(notes).length > 0;
  return isAsked ? { afterUpload: { groups, notes } } : {};
}

const macosManifest = (raw: z.output<typeof macosSchema>): Manifest => ({
  platform: 'macos',
  ...commonFields(raw),
  ...(raw.category !== undefined && { category: raw.category }),
  ...(raw.minimum_os_version !== undefined && { minimumOsVersion: raw.minimum_os_version }),
  entitlements: [...new Set(raw.entitlements)],
  ...(raw.macos_distribute !== undefined && { macosDistribute: raw.macos_distribute }),
  ...(raw.macos_encryption_exempt !== undefined && { macosEncryptionExempt: raw.macos_encryption_exempt }),
  ...(raw.macos_package !== undefined && { macosPackage: raw.macos_package }),
  ...(raw.notarize !== undefined && { notarize: raw.notarize }),
  iosDeviceFamily: [],
  iosCapabilities: [],
  iconVariants: {},
});

const iosManifest = (raw: z.output<typeof iosSchema>): Manifest => ({
  platform: 'ios',
  ...commonFields(raw),
  entitlements: [],
  ...(raw.ios_distribute !== undefined && { iosDistribute: raw.ios_distribute }),
  ...(raw.ios_deployment_target !== undefined && { iosDeploymentTarget: raw.ios_deployment_target }),
  iosDeviceFamily: [...new Set(raw.ios_device_family)],
  iosCapabilities: [...new Set(raw.ios_capabilities)],
  ...(raw.ios_encryption_exempt !== undefined && { iosEncryptionExempt: raw.ios_encryption_exempt }),
  iconVariants: {
    ...(raw.icon_dark !== undefined && { dark: raw.icon_dark }),
    ...(raw.icon_tinted !== undefined && { tinted: raw.icon_tinted }),
  },
});
