import { randomUUID } from 'node:crypto';
import { buildPlist, newDict, type PlistDict, type PlistValue } from '../../src/formats/plist/index.ts';
import { type OpensslWorkshop, openWorkshop } from './identities.ts';

export const TEAM = 'TEAM123456';
export const PASSWORD = 'correct horse';
const DAY_MS = 86_400_000;

/** Certificates as Apple issues them, by the name of their kind: common name and marks below Apple's arc. */
const KINDS = {
  distribution: ['Apple Distribution: Acme', ['6.1.4', '6.1.7']],
  development: ['Apple Development: Jane', ['6.1.2', '6.1.12']],
  iosDistribution: ['iPhone Distribution: Acme', ['6.1.4']],
  developerId: ['Developer ID Application: Acme', ['6.1.13']],
  developerIdInstaller: ['Developer ID Installer: Acme', ['6.1.14']],
  installer: ['3rd Party Mac Developer Installer: Acme', []],
  nameOnly: ['Apple Distribution: By Name', []],
  selfMade: ['Jane', []],
} as const;

export type CertificateName = keyof typeof KINDS | 'foreign';

export interface ProfileOptions {
  readonly platform?: 'ios' | 'macos';
  readonly bundleId?: string;
  readonly certificates?: readonly CertificateName[];
  readonly expires?: Date;
  readonly prefix?: string;
  readonly kind?: 'store' | 'development' | 'ad-hoc' | 'all-devices';
  readonly entitlements?: Readonly<Record<string, PlistValue>>;
  /** Put into, or in the place of, the keys of the profile itself; undefined takes one out. */
  readonly keys?: Readonly<Record<string, PlistValue | undefined>>;
  readonly signer?: 'profileSigner' | 'stranger';
  readonly digest?: 'sha1' | 'sha256';
  /** Open ends and cut content, as streaming writers make them. */
  readonly ber?: boolean;
}

/** A throw-away hierarchy like Apple's: a root, an intermediate, certificates of every kind, signed profiles. */
export interface AppleLike {
  readonly workshop: OpensslWorkshop;
  /** DER, and the same as a PEM file. */
  readonly roots: readonly Buffer[];
  readonly rootsFile: string;
  certificate(name: CertificateName): Buffer;
  /** The certificates with their keys, under `PASSWORD`; each file is made once. */
  p12(name: CertificateName): Buffer;
  profile(options?: ProfileOptions): Buffer;
}

export function openAppleLike(): AppleLike {
  const workshop = openWorkshop();
  const key = 'p256';
  const root = workshop.certificate('root', { key, authority: true, commonName: 'Orchard Root CA' });
  workshop.certificate('wwdr', { key, authority: true, issuer: 'root', commonName: 'Orchard WWDR' });
  workshop.certificate('stranger', { key, commonName: 'Stranger' });
  const signerName = 'Orchard Provisioning Profile Signing';
  workshop.certificate('profileSigner', { key, issuer: 'wwdr', commonName: signerName });
  const made = new Map<CertificateName, Buffer>();
  const certificate = (name: CertificateName): Buffer => {
    const der = made.get(name) ?? makeCertificate(workshop, name);
    made.set(name, der);
    return der;
  };
  const files = new Map<CertificateName, Buffer>();
  return {
    workshop,
    roots: [root.der],
    rootsFile: root.pemFile,
    certificate,
    p12: (name) => {
      certificate(name);
      const file = files.get(name) ?? workshop.p12({ certificate: name, password: PASSWORD });
      files.set(name, file);
      return file;
    },
    profile: (options = {}) => signProfile(workshop, profilePlist(options, certificate), options),
  };
}

function makeCertificate(workshop: OpensslWorkshop, name: CertificateName): Buffer {
  const [commonName, markers] = name === 'foreign' ? KINDS.distribution : KINDS[name];
  return workshop.certificate(name, {
    key: 'p256',
    commonName: `${commonName} (${TEAM})`,
    teamId: name === 'foreign' ? 'OTHER12345' : TEAM,
    markers,
    ...(name !== 'selfMade' && { issuer: 'wwdr' }),
    ...(name === 'installer' && { usage: '1.2.840.113635.100.4.9' }),
  }).der;
}

function profilePlist(options: ProfileOptions, certificate: AppleLike['certificate']): PlistDict {
  const { platform = 'ios', certificates = ['distribution'], prefix = TEAM, kind = 'store' } = options;
  const expires = options.expires ?? new Date(Date.now() + 200 * DAY_MS);
  const keys: Record<string, PlistValue | undefined> = {
    AppIDName: 'Acme',
    ApplicationIdentifierPrefix: [prefix],
    CreationDate: new Date(expires.getTime() - 365 * DAY_MS),
    Platform: platform === 'ios' ? ['iOS', 'xrOS', 'visionOS'] : ['OSX'],
    DeveloperCertificates: certificates.map(certificate),
    Entitlements: newDict(Object.entries(entitlements(options))),
    ExpirationDate: expires,
    Name: 'Acme profile',
    TeamIdentifier: [TEAM],
    TimeToLive: 365,
    UUID: randomUUID(),
    Version: 1,
    ...(kind === 'development' || kind === 'ad-hoc'
      ? { ProvisionedDevices: ['00008030-000000000000002E'] }
      : {}),
    ...(kind === 'all-devices' ? { ProvisionsAllDevices: true } : {}),
    ...options.keys,
  };
  return newDict(Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}

function entitlements(options: ProfileOptions): Record<string, PlistValue> {
  const { platform = 'ios', bundleId = 'com.example.hello', prefix = TEAM, kind = 'store' } = options;
  const identifier = `${prefix}.${bundleId}`;
  return {
    ...(platform === 'ios'
      ? { 'application-identifier': identifier, 'get-task-allow': kind === 'development' }
      : { 'com.apple.application-identifier': identifier }),
    ...(platform === 'ios' && kind === 'store' && { 'beta-reports-active': true }),
    'com.apple.developer.team-identifier': TEAM,
    'keychain-access-groups': [`${prefix}.*`, 'com.apple.token'],
    ...options.entitlements,
  };
}

function signProfile(workshop: OpensslWorkshop, content: PlistDict, options: ProfileOptions): Buffer {
  const { signer = 'profileSigner', digest = 'sha1', ber = false } = options;
  workshop.write('profile.plist', buildPlist(content, 'xml'));
  const chain = signer === 'profileSigner' ? ['-certfile', 'wwdr.pem'] : [];
  return workshop.openssl(
    ...['cms', '-sign', '-nodetach', '-binary', '-outform', 'DER', '-md', digest, ...chain],
    ...['-signer', `${signer}.pem`, '-inkey', `${signer}.key`, '-in', 'profile.plist'],
    ...(ber ? ['-stream'] : []),
  );
}
