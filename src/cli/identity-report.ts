import {
  type Certificate,
  day,
  FITTING_KINDS,
  type IdentityPurpose,
  kindsOf,
  type P12Inspection,
} from '../domain/identity/index.ts';
import { isIssuedByApple } from '../domain/profile/index.ts';
import { KEY_TYPES, PURPOSE_NAMES } from '../preflight/index.ts';
import { plain } from '../verify/plain.ts';

/** One certificate of a PKCS#12 file, and what it can be used for. */
export interface ListedIdentity {
  readonly name: string;
  /** What Apple issued it for, by its marks or else by its name; empty when neither tells. */
  readonly kinds: readonly string[];
  readonly teamId: string | null;
  /** Hexadecimal, as Apple's tools show it. */
  readonly serial: string;
  readonly issuer: string;
  /** ISO 8601. */
  readonly validFrom: string;
  readonly validTo: string;
  readonly sha256: string;
  readonly keyType: string;
  readonly hasKey: boolean;
  readonly issuedByApple: boolean;
  /** By a root that PERRY_TRUST_ROOTS names, and not by Apple. */
  readonly issuedByOwnRoot: boolean;
  readonly usableFor: readonly string[];
  readonly odd: readonly string[];
}

export interface IdentityReport {
  /** Something in it can sign. */
  readonly ok: boolean;
  readonly identities: readonly ListedIdentity[];
  readonly certificatesWithoutKey: readonly ListedIdentity[];
  /** Of the file as a whole. */
  readonly odd: readonly string[];
}

export interface IdentityContext {
  readonly now: Date;
  /** Roots beside Apple's own, DER. */
  readonly trustRoots: readonly Buffer[];
}

export function identityReport(contents: P12Inspection, context: IdentityContext): IdentityReport {
  const identities = contents.identities.map(({ certificate, chain }) =>
    listed(certificate, { ...context, chain, hasKey: true }),
  );
  const others = contents.certificatesWithoutKey;
  const chain = others.map(({ der }) => der);
  return {
    ok: identities.some(({ usableFor }) => usableFor.length > 0),
    identities,
    certificatesWithoutKey: others.map((one) => listed(one, { ...context, chain, hasKey: false })),
    odd: oddFile(contents, identities),
  };
}

interface ListContext extends IdentityContext {
  readonly chain: readonly Buffer[];
  readonly hasKey: boolean;
}

function listed(certificate: Certificate, context: ListContext): ListedIdentity {
  const { x509 } = certificate;
  const issuedByApple = isIssuedByApple(x509, context.chain, []);
  const issuedByOwnRoot = !issuedByApple && isIssuedByApple(x509, context.chain, context.trustRoots);
  return {
    name: plain(certificate.commonName),
    kinds: kindsOf(certificate),
    teamId: certificate.teamId === undefined ? null : plain(certificate.teamId),
    serial: x509.serialNumber,
    issuer: plain(/^CN=(.*)$/m.exec(x509.issuer)?.[1] ?? x509.issuer.replaceAll('\n', ', ')),
    validFrom: certificate.notBefore.toISOString(),
    validTo: certificate.notAfter.toISOString(),
    sha256: certificate.sha256Hex,
    keyType: certificate.keyType,
    hasKey: context.hasKey,
    issuedByApple,
    issuedByOwnRoot,
    usableFor: usesOf(certificate, context),
    odd: oddities(certificate, issuedByApple || issuedByOwnRoot, context),
  };
}

/** Self-made certificates sign what is neither notarized nor sent to a store. */
const OWN_USE: readonly IdentityPurpose[] = ['ios-direct', 'macos-direct'];

function usesOf(certificate: Certificate, { hasKey, now }: ListContext): string[] {
  const isCurrent = certificate.notBefore <= now && now <= certificate.notAfter;
  if (!hasKey || !isCurrent || certificate.isAuthority || !KEY_TYPES.includes(certificate.keyType)) return [];
  const kinds = kindsOf(certificate);
  const fits = (purpose: IdentityPurpose): boolean =>
    kinds.length === 0
      ? OWN_USE.includes(purpose)
      : FITTING_KINDS[purpose].some((kind) => kinds.includes(kind));
  return (Object.keys(FITTING_KINDS) as IdentityPurpose[])
    .filter(fits)
    .map((purpose) => PURPOSE_NAMES[purpose]);
}

function oddities(certificate: Certificate, hasRoot: boolean, { hasKey, now }: ListContext): string[] {
  const { notBefore, notAfter, keyType, isAuthority, kinds, teamId, commonName } = certificate;
  const isLeaf = !isAuthority;
  return [
    ...(notAfter < now ? [`It expired on ${day(notAfter)}.`] : []),
    ...(notBefore > now ? [`It is not valid before ${day(notBefore)}.`] : []),
    ...(isLeaf && !hasKey ? ['Its private key is not in the file.'] : []),
    ...(hasKey && isAuthority ? ['It is the certificate of an authority, which signs no code.'] : []),
    ...(hasKey && !KEY_TYPES.includes(keyType)
      ? [`Code is not signed with keys of the kind ${keyType}.`]
      : []),
    ...(isLeaf && kinds.length === 0 ? ['It carries no mark of Apple: only this Mac may trust it.'] : []),
    ...(kinds.length > 0 && !hasRoot
      ? ['It carries marks of Apple, but nothing in the file leads to a root certificate of Apple.']
      : []),
    ...(isLeaf && teamId === undefined ? ['It names no team.'] : []),
    ...(commonName === '' ? ['It has no name.'] : []),
  ];
}

function oddFile(contents: P12Inspection, identities: readonly ListedIdentity[]): string[] {
  const stray = contents.keyCount - contents.identities.length;
  const names = identities.map(({ name }) => name);
  const twice = [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
  return [
    ...(contents.keyCount === 0 ? ['The file holds no private key: nothing can be signed with it.'] : []),
    ...(stray > 0 ? [`${stray} private key${stray === 1 ? '' : 's'} without a certificate.`] : []),
    ...twice.map((name) => `Several identities are named "${name}".`),
  ];
}

/** For people: a paragraph for each certificate. */
export function identityText({ identities, certificatesWithoutKey, odd }: IdentityReport): string {
  return [
    ...[...identities, ...certificatesWithoutKey].flatMap(paragraph),
    ...odd.map((line) => `odd: ${line}`),
    count(identities.length, certificatesWithoutKey.length),
    '',
  ].join('\n');
}

const count = (identities: number, others: number): string =>
  `${identities} ${identities === 1 ? 'identity' : 'identities'}, ${others} certificate${others === 1 ? '' : 's'} without a key`;

const paragraph = (one: ListedIdentity): string[] => [
  one.name || '(without a name)',
  `  kind      ${one.kinds.join(', ') || 'none that Apple issues'}`,
  `  team      ${one.teamId ?? 'none'}`,
  `  serial    ${one.serial}`,
  `  issuer    ${one.issuer}`,
  `  valid     ${one.validFrom.slice(0, 10)} to ${one.validTo.slice(0, 10)}`,
  `  key       ${one.hasKey ? `yes, ${one.keyType}` : 'no'}`,
  `  by Apple  ${one.issuedByOwnRoot ? 'no, by a root of PERRY_TRUST_ROOTS' : one.issuedByApple ? 'yes' : 'no'}`,
  `  use for   ${one.usableFor.join('; ') || 'nothing'}`,
  ...one.odd.map((line) => `  odd       ${line}`),
  '',
];
