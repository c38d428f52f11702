import { randomUUID } from 'node:crypto';
import forge from 'node-forge';
import { buildPlist, newDict, type PlistDict, type PlistValue } from '../formats/plist/index.ts';
import { type Authority, makeAuthority } from './throwaway-certificate.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface ThrowawayProfileOptions {
  /** May end in `*`. */
  readonly bundleId: string;
  readonly teamId: string;
  /** The certificate that the profile lists. */
  readonly certificateDer: Buffer;
  readonly platform: 'ios' | 'macos';
  readonly expires: Date;
  /** Added to the entitlements that every profile allows. */
  readonly entitlements?: Readonly<Record<string, PlistValue>>;
  /** Added to, or put in the place of, the keys of the profile itself. */
  readonly keys?: Readonly<Record<string, PlistValue>>;
}

/** Makes an App Store provisioning profile that no device accepts: the right content in the right envelope. */
export function makeThrowawayProfile(options: ThrowawayProfileOptions): Buffer {
  return wrap(buildPlist(profileContent(options), 'xml'));
}

function profileContent(options: ThrowawayProfileOptions): PlistDict {
  const { teamId, bundleId, platform, expires, certificateDer } = options;
  const created = new Date(expires.getTime() - 365 * DAY_MS);
  return newDict([
    ['AppIDName', 'Perry Demo'],
    ['ApplicationIdentifierPrefix', [teamId]],
    ['CreationDate', created],
    ['Platform', platform === 'ios' ? ['iOS', 'xrOS', 'visionOS'] : ['OSX']],
    ['DeveloperCertificates', [certificateDer]],
    ['Entitlements', entitlementsFor(options)],
    ['ExpirationDate', expires],
    ['Name', `Perry Demo ${bundleId}`],
    ['TeamIdentifier', [teamId]],
    ['TeamName', 'Perry Demo'],
    ['TimeToLive', 365],
    ['UUID', randomUUID()],
    ['Version', 1],
    ...Object.entries(options.keys ?? {}),
  ]);
}

function entitlementsFor({ teamId, bundleId, platform, entitlements }: ThrowawayProfileOptions): PlistDict {
  const common: [string, PlistValue][] = [
    ['com.apple.developer.team-identifier', teamId],
    ['keychain-access-groups', [`${teamId}.*`]],
  ];
  const own: [string, PlistValue][] =
    platform === 'ios'
      ? [
          ['application-identifier', `${teamId}.${bundleId}`],
          ['beta-reports-active', true],
          ['get-task-allow', false],
        ]
      : [['com.apple.application-identifier', `${teamId}.${bundleId}`]];
  return newDict([...own, ...common, ...Object.entries(entitlements ?? {})]);
}

/** One for the whole process. */
let made: Authority | undefined;

function authority(): Authority {
  made ??= makeAuthority();
  return made;
}

/** Who signs the throw-away profiles of this process; PERRY_TRUST_ROOTS makes a worker take them for Apple's. */
export const throwawayProfileRootPem = (): string => forge.pki.certificateToPem(authority().certificate);

function wrap(content: Buffer): Buffer {
  const signer = authority();
  const envelope = forge.pkcs7.createSignedData();
  envelope.content = forge.util.createBuffer(content.toString('latin1'));
  envelope.addCertificate(signer.certificate);
  envelope.addSigner({
    key: signer.key,
    certificate: signer.certificate,
    digestAlgorithm: oidNamed('sha256'),
    authenticatedAttributes: [
      { type: oidNamed('contentType'), value: oidNamed('data') },
      { type: oidNamed('messageDigest') },
    ],
  });
  envelope.sign();
  return Buffer.from(forge.asn1.toDer(envelope.toAsn1()).getBytes(), 'latin1');
}

const oidNamed = (name: string): string => forge.pki.oids[name] ?? name;
