import { wording } from '../../machines/contracts/wording.ts';
import {
  type ChosenIdentity,
  day,
  FITTING_KINDS,
  type IdentityPurpose,
  kindsOf,
  type SigningIdentity,
} from '../domain/identity/index.ts';
import { isIssuedByApple } from '../domain/profile/index.ts';
import { words } from '../words.ts';
import { type Finding, finding } from './finding.ts';
import type { Context } from './input.ts';

/** rcodesign 0.29.0 refuses P-384: "PKCS#8 algorithm parameters malformed". */
export const KEY_TYPES: readonly string[] = ['rsa', 'ec:prime256v1'];
const TEAM_FORM = /^[A-Z0-9]{10}$/;
/** Where Apple checks the kind itself; elsewhere it is the sender's own business. */
const STRICT_PURPOSES: readonly IdentityPurpose[] = [
  'ios-store',
  'macos-store',
  'macos-notarized',
  'macos-store-installer',
  'macos-direct-installer',
];
export const PURPOSE_NAMES: Readonly<Record<IdentityPurpose, string>> = {
  'ios-store': 'an iOS app for the App Store',
  'ios-direct': 'an iOS app',
  'macos-store': 'an app for the Mac App Store',
  'macos-notarized': 'an app that Apple notarizes',
  'macos-direct': 'a macOS app',
  'macos-store-installer': 'the installer package of an app for the Mac App Store',
  'macos-direct-installer': 'the installer package of an app that is distributed directly',
};
export const CERTIFICATE_NAMES: Readonly<Record<IdentityPurpose, string>> = {
  'ios-store': 'Apple Distribution',
  'ios-direct': 'Apple Distribution or Apple Development',
  'macos-store': 'Apple Distribution',
  'macos-notarized': 'Developer ID Application',
  'macos-direct': 'Developer ID Application',
  'macos-store-installer': 'Mac Installer Distribution',
  'macos-direct-installer': 'Developer ID Installer',
};

export interface CertificateUse {
  readonly chosen: ChosenIdentity;
  readonly purpose: IdentityPurpose;
  /** Common name, or a part of it, that was asked for. */
  readonly wantedName?: string;
  readonly teamId?: string;
}

/** Everything that can be wrong with a signing certificate, for the pass that it is to serve. */
export function certificateFindings(context: Context, use: CertificateUse): Finding[] {
  return [
    ...validity(context, use.chosen.identity),
    ...keyType(use.chosen.identity),
    ...kind(use),
    ...issuer(context, use),
    ...team(use),
    ...choice(use),
  ];
}

const title = ({ certificate }: SigningIdentity): string =>
  `The signing certificate "${certificate.commonName.slice(0, 100)}"`;

function validity({ now }: Context, identity: SigningIdentity): Finding[] {
  const { notBefore, notAfter } = identity.certificate;
  if (notAfter < now)
    return [
      finding('CERTIFICATE_EXPIRED', 'error', {
        summary: `${title(identity)} expired on ${day(notAfter)}.`,
        reason: 'Apple and macOS take no new signature by an expired certificate.',
        nextStep: 'Use a renewed certificate.',
      }),
    ];
  if (notBefore <= now) return [];
  return [
    finding('CERTIFICATE_NOT_YET_VALID', 'error', {
      summary: `${title(identity)} is not valid before ${notBefore.toISOString()}.`,
      reason: `The clock of this host says ${now.toISOString()}.`,
      nextStep: 'Try again after that time, or with a certificate that is valid now.',
    }),
  ];
}

function keyType(identity: SigningIdentity): Finding[] {
  const { keyType: own } = identity.certificate;
  if (KEY_TYPES.includes(own)) return [];
  return [
    finding('CERTIFICATE_KEY_UNSUPPORTED', 'error', {
      summary: `${title(identity)} has a key of the kind ${own}.`,
      reason: 'The signing tool takes RSA and P-256 keys.',
      nextStep: 'Use a certificate for an RSA key, as Apple issues it.',
    }),
  ];
}

function kind(use: CertificateUse): Finding[] {
  const { identity, fit } = use.chosen;
  const { purpose } = use;
  const isStrict = STRICT_PURPOSES.includes(purpose);
  if (fit === 'fits' || (fit === 'unknown' && !isStrict)) return [];
  const kinds = kindsOf(identity.certificate).join(', ');
  return [
    finding('CERTIFICATE_KIND_WRONG', isStrict ? 'error' : 'warning', {
      summary: `${title(identity)} cannot be used for ${PURPOSE_NAMES[purpose]}.`,
      reason: `It is ${kinds === '' ? 'of no kind that Apple issues' : kinds}, and ${FITTING_KINDS[purpose][0]} is needed.`,
      nextStep: `Use a certificate of the kind "${CERTIFICATE_NAMES[purpose]}".`,
    }),
  ];
}

/** Of what bears Apple's marks the chain is not asked for: files seldom bring it along. */
function issuer({ trustRoots = [] }: Context, { chosen, purpose }: CertificateUse): Finding[] {
  const { certificate, chain } = chosen.identity;
  if (certificate.kinds.length > 0) return [];
  if (isIssuedByApple(certificate.x509, chain, trustRoots)) return [];
  return [
    finding('CERTIFICATE_NOT_APPLE', 'warning', {
      summary: `${title(chosen.identity)} carries no mark of Apple's: other machines will not trust it.`,
      reason: 'No chain of signatures leads from it to a root certificate of Apple.',
      nextStep: `Use a certificate of the kind "${CERTIFICATE_NAMES[purpose]}" from the Apple developer account.`,
    }),
  ];
}

/** Self-made certificates that name no team pass. */
function team({ chosen, teamId }: CertificateUse): Finding[] {
  const { teamId: own, commonName } = chosen.identity.certificate;
  if (!teamId || !own || !TEAM_FORM.test(own) || own === teamId) return [];
  return [
    finding('TEAM_MISMATCH', 'error', {
      summary: `The app is to be signed for the team ${teamId}, but the certificate "${commonName.slice(0, 100)}" belongs to ${own}.`,
      reason: 'Everything in one app must be of one team.',
      nextStep: wording`Set ${words.teamId} to ${own}, or use a certificate of the team ${teamId}.`,
    }),
  ];
}

function choice({ chosen, wantedName = '' }: CertificateUse): Finding[] {
  const { commonName, notAfter } = chosen.identity.certificate;
  const used = `"${commonName.slice(0, 100)}", valid until ${day(notAfter)}, is used`;
  const nextStep = 'Name the identity to use by its whole common name.';
  return [
    ...(chosen.hasWantedName
      ? []
      : [
          finding('IDENTITY_NAME_UNKNOWN', 'warning', {
            summary: `No identity in the PKCS#12 file is named "${wantedName.trim().slice(0, 100)}"; ${used}.`,
            reason: 'It is compared with the common names of the certificates.',
            nextStep,
          }),
        ]),
    ...(chosen.rivals === 0
      ? []
      : [
          finding('CERTIFICATE_AMBIGUOUS', 'warning', {
            summary: `${chosen.rivals + 1} identities in the PKCS#12 file fit; ${used}.`,
            reason: 'All of them serve the purpose, and none was asked for by its whole name.',
            nextStep,
          }),
        ]),
  ];
}
