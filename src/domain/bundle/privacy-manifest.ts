import { isDict, type PlistDict, type PlistValue } from '../../formats/plist/index.ts';

/** Something in a privacy manifest that is not as Apple describes it. */
export interface PrivacyManifestFault {
  /** One clause without a full stop. */
  readonly fault: string;
  /** False for what Apple may know and this does not, and for what it has not been seen to refuse. */
  readonly isCertain: boolean;
}

/** https://developer.apple.com/documentation/bundleresources/describing-use-of-required-reason-api */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  FileTimestamp: ['DDA9.1', 'C617.1', '3B52.1', '0A2A.1'],
  SystemBootTime: ['35F9.1', '8FFB.1', '3D61.1'],
  DiskSpace: ['85F4.1', 'E174.1', '7D9E.1', 'B728.1'],
  ActiveKeyboards: ['3EC4.1', '54BD.1'],
  UserDefaults: ['CA92.1', '1C8F.1', 'C56D.1', 'AC6B.1'],
};
const REASON_FORM = /^[0-9A-F]{4}\.\d{1,2}$/;
const CATEGORY = 'NSPrivacyAccessedAPICategory';
const DATA_TYPE = 'NSPrivacyCollectedDataType';
const PURPOSE = 'NSPrivacyCollectedDataTypePurpose';

const certain = (fault: string): PrivacyManifestFault => ({ fault, isCertain: true });
const doubtful = (fault: string): PrivacyManifestFault => ({ fault, isCertain: false });

const CHECKS: Readonly<Record<string, (value: PlistValue, manifest: PlistDict) => PrivacyManifestFault[]>> = {
  NSPrivacyTracking: tracking,
  NSPrivacyTrackingDomains: domains,
  NSPrivacyCollectedDataTypes: (value) => entries('NSPrivacyCollectedDataTypes', value, dataType),
  NSPrivacyAccessedAPITypes: (value) => entries('NSPrivacyAccessedAPITypes', value, apiType),
};

/**
 * Holds a `PrivacyInfo.xcprivacy` against Apple's description of it (ITMS-91056, 91108, 91054, 91055, 91064).
 * https://developer.apple.com/documentation/bundleresources/privacy-manifest-files
 */
export const privacyManifestFaults = (manifest: PlistDict): PrivacyManifestFault[] =>
  Object.entries(manifest).flatMap(([key, value]) => {
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key] : undefined;
    return check
      ? check(value, manifest)
      : [doubtful(`it has the key ${cut(key)}, which Apple does not describe`)];
  });

function tracking(
  value: PlistValue,
  { NSPrivacyTrackingDomains: listed }: PlistDict,
): PrivacyManifestFault[] {
  if (typeof value !== 'boolean') return [certain('NSPrivacyTracking is neither true nor false')];
  const hasDomains = Array.isArray(listed) && listed.length > 0;
  return value && !hasDomains
    ? [doubtful('NSPrivacyTracking is true, and NSPrivacyTrackingDomains names nothing')]
    : [];
}

function domains(value: PlistValue, manifest: PlistDict): PrivacyManifestFault[] {
  if (!Array.isArray(value) || !value.every(isText))
    return [certain('NSPrivacyTrackingDomains is not a list of names')];
  if (value.length === 0 || manifest.NSPrivacyTracking === true) return [];
  return [certain('NSPrivacyTrackingDomains names domains, and NSPrivacyTracking is not true')];
}

function entries(
  key: string,
  value: PlistValue,
  check: (entry: PlistDict) => PrivacyManifestFault[],
): PrivacyManifestFault[] {
  if (!Array.isArray(value)) return [certain(`${key} is not a list`)];
  return value.flatMap((entry) =>
    isDict(entry) ? check(entry) : [certain(`${key} holds something else than dictionaries`)],
  );
}

function dataType(entry: PlistDict): PrivacyManifestFault[] {
  const { [PURPOSE_LIST]: purposes } = entry;
  return [
    ...(isNamed(entry[DATA_TYPE], DATA_TYPE)
      ? []
      : [certain(`${DATA_TYPE} is missing, or not one of Apple's`)]),
    ...[`${DATA_TYPE}Linked`, `${DATA_TYPE}Tracking`].flatMap((key) => flag(entry, key)),
    ...(Array.isArray(purposes) && purposes.length > 0 && purposes.every((one) => isNamed(one, PURPOSE))
      ? []
      : [certain(`${PURPOSE_LIST} is not a list of Apple's purposes`)]),
  ];
}

const PURPOSE_LIST = `${PURPOSE}s`;

function flag(entry: PlistDict, key: string): PrivacyManifestFault[] {
  if (entry[key] === undefined) return [doubtful(`${key} is missing`)];
  return typeof entry[key] === 'boolean' ? [] : [certain(`${key} is neither true nor false`)];
}

function apiType(entry: PlistDict): PrivacyManifestFault[] {
  const { NSPrivacyAccessedAPIType: type, NSPrivacyAccessedAPITypeReasons: reasons } = entry;
  const category = typeof type === 'string' && type.startsWith(CATEGORY) ? type.slice(CATEGORY.length) : '';
  const known = Object.hasOwn(REASONS, category) ? REASONS[category] : undefined;
  if (!known) return [certain("NSPrivacyAccessedAPIType is missing, or not one of Apple's categories")];
  if (!Array.isArray(reasons) || reasons.length === 0 || !reasons.every(isText))
    return [certain(`${category} has no list of reasons`)];
  return reasons.filter((reason) => !known.includes(reason)).map((reason) => unknownReason(category, reason));
}

function unknownReason(category: string, reason: string): PrivacyManifestFault {
  const fault = `${cut(reason)} is no reason for ${category}`;
  const isOfAnother = Object.values(REASONS).some((reasons) => reasons.includes(reason));
  return isOfAnother || !REASON_FORM.test(reason) ? certain(fault) : doubtful(fault);
}

const isText = (value: PlistValue): value is string => typeof value === 'string' && value.trim() !== '';

const isNamed = (value: PlistValue | undefined, prefix: string): boolean =>
  typeof value === 'string' && value.startsWith(prefix) && value.length > prefix.length;

const cut = (text: string): string => JSON.stringify(text.slice(0, 80));
