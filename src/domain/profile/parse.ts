import { ShipError } from '../../errors.ts';
import { Asn1Error } from '../../formats/asn1/node.ts';
import { readSignedData } from '../../formats/cms/signed-data.ts';
import {
  isDict,
  type PlistDict,
  type PlistValue,
  parsePlistDict,
  stringAt,
} from '../../formats/plist/index.ts';
import type { ProvisioningProfile } from './profile.ts';

const MAX_PROFILE_BYTES = 1024 * 1024;
const MAX_CERTIFICATES = 500;

/**
 * Reads a `.mobileprovision` or `.provisionprofile`.
 *
 * @throws ShipError PROFILE_INVALID
 */
export function parseProfile(bytes: Buffer): ProvisioningProfile {
  if (bytes.length > MAX_PROFILE_BYTES) throw profileInvalid('it has more than 1 MiB');
  const plist = readContent(unwrap(bytes));
  const entitlements = entitlementsOf(plist);
  return {
    name: stringAt(plist, 'Name') ?? '',
    uuid: stringAt(plist, 'UUID') ?? '',
    teamIds: strings(plist, 'TeamIdentifier'),
    platforms: strings(plist, 'Platform'),
    expiresAt: expiryOf(plist),
    ...identifiers(plist, entitlements),
    developerCertificates: items(plist, 'DeveloperCertificates')
      .filter(Buffer.isBuffer)
      .slice(0, MAX_CERTIFICATES),
    deviceCount: Array.isArray(plist.ProvisionedDevices) ? plist.ProvisionedDevices.length : undefined,
    provisionsAllDevices: plist.ProvisionsAllDevices === true,
    entitlements,
  };
}

function unwrap(bytes: Buffer): Buffer {
  try {
    const { content } = readSignedData(bytes, 'tolerant');
    if (content) return content;
    throw new Asn1Error('the signature holds no content');
  } catch (cause) {
    throw profileInvalid(cause instanceof Asn1Error ? cause.message : 'its envelope is damaged', cause);
  }
}

function readContent(content: Buffer): PlistDict {
  try {
    return parsePlistDict(content, { name: 'provisioning profile' });
  } catch (cause) {
    throw profileInvalid('its content is not a property list', cause);
  }
}

function entitlementsOf(plist: PlistDict): PlistDict {
  if (!isDict(plist.Entitlements)) throw profileInvalid('it has no Entitlements');
  return plist.Entitlements;
}

function expiryOf(plist: PlistDict): Date {
  const date = plist.ExpirationDate;
  if (!(date instanceof Date) || Number.isNaN(date.getTime()))
    throw profileInvalid('it has no ExpirationDate');
  return date;
}

function identifiers(plist: PlistDict, entitlements: PlistDict) {
  const applicationIdentifier =
    stringAt(entitlements, 'application-identifier') ??
    stringAt(entitlements, 'com.apple.application-identifier');
  const dot = applicationIdentifier?.indexOf('.') ?? -1;
  if (!applicationIdentifier || dot < 1)
    throw profileInvalid('its Entitlements name no application identifier');
  return {
    applicationIdentifier,
    prefix: strings(plist, 'ApplicationIdentifierPrefix')[0] ?? applicationIdentifier.slice(0, dot),
    bundleIdPattern: applicationIdentifier.slice(dot + 1),
  };
}

function items(plist: PlistDict, key: string): readonly PlistValue[] {
  const value = plist[key];
  return Array.isArray(value) ? value : [];
}

const strings = (plist: PlistDict, key: string): string[] =>
  items(plist, key).filter((value): value is string => typeof value === 'string');

const profileInvalid = (fact: string, cause?: unknown): ShipError =>
  new ShipError('PROFILE_INVALID', {
    summary: 'The provisioning profile cannot be read.',
    reason: `It was refused because ${fact}.`,
    nextStep: 'Download the profile from the Apple developer account again, and use that.',
    cause,
  });
