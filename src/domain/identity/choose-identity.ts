import { ShipError } from '../../errors.ts';
import type { SignPlan } from '../plan.ts';
import { type Certificate, type CertificateKind, day } from './certificate.ts';
import type { P12Contents, SigningIdentity } from './p12.ts';

export interface IdentityChoice {
  /** Common name, or a part of it, that the job asks for. */
  readonly wantedName?: string;
  readonly plan: Pick<SignPlan, 'platform' | 'distribution'>;
  readonly now: Date;
  /** `DeveloperCertificates` of the provisioning profile, DER: an identity that it lists comes first. */
  readonly profileCertificates?: readonly Buffer[];
}

export interface ChosenIdentity {
  readonly identity: SigningIdentity;
  /** Sentences for the log of the job. */
  readonly warnings: readonly string[];
}

type Purpose = `${SignPlan['platform']}-${SignPlan['distribution']}`;

/** Kinds that do for a purpose, the best first. */
const FITTING_KINDS: Readonly<Record<Purpose, readonly CertificateKind[]>> = {
  'ios-store': ['ios-distribution'],
  'ios-direct': ['ios-distribution', 'ios-development'],
  'macos-store': ['mac-app-distribution', 'mac-app-submission'],
  'macos-direct': ['developer-id-application', 'mac-development'],
};
const SELF_MADE_RANK = 10;
const AUTHORITY_RANK = 11;
const UNFIT_RANK = 20;
/** rcodesign 0.29.0 refuses P-384: "PKCS#8 algorithm parameters malformed". */
const KEY_TYPES = ['rsa', 'ec:prime256v1'];

/**
 * Picks the identity to sign with: a Keychain export holds all identities of its owner. Exact common name first,
 * then a part of it, then membership in the profile, then the kind of certificate that fits the plan, then the
 * one that is valid longest.
 *
 * @throws ShipError CERTIFICATE_EXPIRED · CERTIFICATE_NOT_YET_VALID · CERTIFICATE_KEY_UNSUPPORTED
 */
export function chooseIdentity(contents: P12Contents, choice: IdentityChoice): ChosenIdentity {
  const named = byName(contents.identities, choice.wantedName);
  const listed = named.filter(({ certificate }) => isListed(certificate, choice.profileCertificates));
  const candidates = listed.length > 0 ? listed : named;
  const ranked = candidates.toSorted((a, b) => compare(a.certificate, b.certificate, choice));
  const identity = ranked[0];
  if (!identity) throw new Error('a PKCS#12 file was opened without an identity');
  requireUsable(identity.certificate, choice.now);
  const rivals = ranked.filter((other) => isRival(other.certificate, identity.certificate, choice));
  return { identity, warnings: warningsFor(identity.certificate, rivals.length, choice) };
}

function byName(identities: readonly SigningIdentity[], wantedName = ''): readonly SigningIdentity[] {
  const wanted = wantedName.trim();
  if (wanted === '') return identities;
  const exact = identities.filter(({ certificate }) => certificate.commonName === wanted);
  const partial = identities.filter(({ certificate }) => certificate.commonName.includes(wanted));
  return [exact, partial, identities].find((found) => found.length > 0) ?? [];
}

const isListed = (certificate: Certificate, list: readonly Buffer[] = []): boolean =>
  list.some((der) => der.equals(certificate.der));

const fittingKinds = ({ plan }: IdentityChoice): readonly CertificateKind[] =>
  FITTING_KINDS[`${plan.platform}-${plan.distribution}`];

function rank({ kinds, isAuthority }: Certificate, choice: IdentityChoice): number {
  if (kinds.length === 0) return isAuthority ? AUTHORITY_RANK : SELF_MADE_RANK;
  const ranks = kinds.map((kind) => fittingKinds(choice).indexOf(kind)).filter((index) => index >= 0);
  return Math.min(UNFIT_RANK, ...ranks);
}

const isCurrent = ({ notBefore, notAfter }: Certificate, now: Date): boolean =>
  notBefore <= now && now <= notAfter;

const compare = (a: Certificate, b: Certificate, choice: IdentityChoice): number =>
  rank(a, choice) - rank(b, choice) ||
  Number(isCurrent(b, choice.now)) - Number(isCurrent(a, choice.now)) ||
  b.notAfter.getTime() - a.notAfter.getTime();

const isRival = (other: Certificate, chosen: Certificate, choice: IdentityChoice): boolean =>
  other !== chosen && rank(other, choice) === rank(chosen, choice) && isCurrent(other, choice.now);

function requireUsable(certificate: Certificate, now: Date): void {
  const name = `The signing certificate "${certificate.commonName}"`;
  if (certificate.notAfter < now) {
    throw new ShipError('CERTIFICATE_EXPIRED', {
      summary: `${name} expired on ${day(certificate.notAfter)}.`,
      nextStep: 'Send the job with a renewed certificate.',
    });
  }
  if (certificate.notBefore > now) {
    throw new ShipError('CERTIFICATE_NOT_YET_VALID', {
      summary: `${name} is not valid before ${certificate.notBefore.toISOString()}.`,
      reason: `The clock of the signing worker says ${now.toISOString()}.`,
      nextStep: 'Send the job again after that time, or with a certificate that is valid now.',
    });
  }
  if (!KEY_TYPES.includes(certificate.keyType)) {
    throw new ShipError('CERTIFICATE_KEY_UNSUPPORTED', {
      summary: `${name} has a key of the kind ${certificate.keyType}.`,
      reason: 'The signing tool takes RSA and P-256 keys.',
      nextStep: 'Send the job with a certificate for an RSA key, as Apple issues it.',
    });
  }
}

function warningsFor(certificate: Certificate, rivals: number, choice: IdentityChoice): string[] {
  const { commonName, kinds, notAfter } = certificate;
  const wanted = choice.wantedName?.trim();
  const warnings: string[] = [];
  if (wanted && !commonName.includes(wanted)) {
    warnings.push(
      `No identity in the PKCS#12 file is named "${wanted.slice(0, 100)}"; "${commonName}" is used.`,
    );
  }
  if (rivals > 0) {
    warnings.push(
      `${rivals + 1} identities in the PKCS#12 file fit; "${commonName}", valid until ${day(notAfter)}, is used.`,
    );
  }
  if (kinds.length === 0) {
    warnings.push(
      `The certificate "${commonName}" carries no mark of Apple's: other machines will not trust it.`,
    );
  } else if (rank(certificate, choice) === UNFIT_RANK) {
    warnings.push(
      `The certificate "${commonName}" (${kinds.join(', ')}) is not of the kind for this build, which is ${fittingKinds(choice)[0]}.`,
    );
  }
  return warnings;
}
