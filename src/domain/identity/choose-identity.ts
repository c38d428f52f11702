import type { Certificate, CertificateKind } from '../../formats/pkcs12/certificate.ts';
import type { P12Contents, SigningIdentity } from '../../formats/pkcs12/p12.ts';

/** What an identity is to be used for; `direct` is for one's own devices and users, without Apple's approval. */
export type IdentityPurpose =
  | 'ios-store'
  | 'ios-direct'
  | 'macos-store'
  | 'macos-notarized'
  | 'macos-direct'
  | 'macos-store-installer'
  | 'macos-direct-installer';

export interface IdentityChoice {
  readonly purpose: IdentityPurpose;
  /** Common name, or a part of it, that the job asks for. */
  readonly wantedName?: string;
  readonly now: Date;
  /** `DeveloperCertificates` of the provisioning profile, DER: an identity that it lists comes first. */
  readonly profileCertificates?: readonly Buffer[];
}

export interface ChosenIdentity {
  readonly identity: SigningIdentity;
  /** `unknown` is what neither Apple's marks nor the name tell the kind of. */
  readonly fit: 'fits' | 'unknown' | 'unfit';
  /** How many others would have done as well. */
  readonly rivals: number;
  /** False when no identity has the name that was asked for. */
  readonly hasWantedName: boolean;
}

/** Kinds that do for a purpose, the best first. */
export const FITTING_KINDS: Readonly<Record<IdentityPurpose, readonly CertificateKind[]>> = {
  'ios-store': ['ios-distribution'],
  'ios-direct': ['ios-distribution', 'ios-development'],
  'macos-store': ['mac-app-distribution', 'mac-app-submission'],
  'macos-notarized': ['developer-id-application'],
  'macos-direct': ['developer-id-application', 'mac-development'],
  'macos-store-installer': ['mac-installer-distribution'],
  'macos-direct-installer': ['developer-id-installer'],
};

/** How Apple names its certificates, for those that lost, or never had, the marks of their kind. */
const KINDS_BY_NAME: readonly (readonly [string, readonly CertificateKind[]])[] = [
  ['Apple Distribution: ', ['ios-distribution', 'mac-app-distribution']],
  ['Apple Development: ', ['ios-development', 'mac-development']],
  ['iPhone Distribution: ', ['ios-distribution']],
  ['iPhone Developer: ', ['ios-development']],
  ['Mac Developer: ', ['mac-development']],
  ['3rd Party Mac Developer Application: ', ['mac-app-distribution']],
  ['3rd Party Mac Developer Installer: ', ['mac-installer-distribution']],
  ['Developer ID Application: ', ['developer-id-application']],
  ['Developer ID Installer: ', ['developer-id-installer']],
];
const UNKNOWN_RANK = 10;
const AUTHORITY_RANK = 11;
const UNFIT_RANK = 20;

/**
 * Picks the identity to sign with: a Keychain export holds all identities of its owner. Exact common name first,
 * then a part of it, then membership in the profile, then the kind of certificate that fits the purpose, then the
 * one that is valid longest. Whether it may be used is another question.
 */
export function chooseIdentity(contents: P12Contents, choice: IdentityChoice): ChosenIdentity {
  const { candidates: named, hasWantedName } = byName(contents.identities, choice.wantedName);
  const listed = named.filter(({ certificate }) => isListed(certificate, choice.profileCertificates));
  const candidates = listed.length > 0 ? listed : named;
  const ranked = candidates.toSorted((a, b) => compare(a.certificate, b.certificate, choice));
  const identity = ranked[0];
  if (!identity) throw new Error('a PKCS#12 file was opened without an identity');
  const rivals = ranked.filter((other) => isRival(other.certificate, identity.certificate, choice)).length;
  return { identity, fit: fitOf(rank(identity.certificate, choice)), rivals, hasWantedName };
}

function byName(identities: readonly SigningIdentity[], wantedName = '') {
  const wanted = wantedName.trim();
  if (wanted === '') return { candidates: identities, hasWantedName: true };
  const exact = identities.filter(({ certificate }) => certificate.commonName === wanted);
  const partial = identities.filter(({ certificate }) => certificate.commonName.includes(wanted));
  const found = [exact, partial].find(({ length }) => length > 0);
  return { candidates: found ?? identities, hasWantedName: found !== undefined };
}

const isListed = (certificate: Certificate, list: readonly Buffer[] = []): boolean =>
  list.some((der) => der.equals(certificate.der));

/** By Apple's marks, or else by the name. */
export const kindsOf = ({ kinds, commonName }: Certificate): readonly CertificateKind[] =>
  kinds.length > 0 ? kinds : (KINDS_BY_NAME.find(([start]) => commonName.startsWith(start))?.[1] ?? []);

function rank(certificate: Certificate, { purpose }: IdentityChoice): number {
  const kinds = kindsOf(certificate);
  if (kinds.length === 0) return certificate.isAuthority ? AUTHORITY_RANK : UNKNOWN_RANK;
  const ranks = kinds.map((kind) => FITTING_KINDS[purpose].indexOf(kind)).filter((index) => index >= 0);
  return Math.min(UNFIT_RANK, ...ranks);
}

function fitOf(ranked: number): ChosenIdentity['fit'] {
  if (ranked < UNKNOWN_RANK) return 'fits';
  return ranked === UNFIT_RANK ? 'unfit' : 'unknown';
}

const isCurrent = ({ notBefore, notAfter }: Certificate, now: Date): boolean =>
  notBefore <= now && now <= notAfter;

const compare = (a: Certificate, b: Certificate, choice: IdentityChoice): number =>
  rank(a, choice) - rank(b, choice) ||
  Number(isCurrent(b, choice.now)) - Number(isCurrent(a, choice.now)) ||
  b.notAfter.getTime() - a.notAfter.getTime();

const isRival = (other: Certificate, chosen: Certificate, choice: IdentityChoice): boolean =>
  other !== chosen && rank(other, choice) === rank(chosen, choice) && isCurrent(other, choice.now);
