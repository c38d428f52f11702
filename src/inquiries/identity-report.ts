import {
  type Certificate,
  day,
  FITTING_KINDS,
  type IdentityPurpose,
  kindsOf,
  type P12Inspection,
} from '../domain/identity/index.ts';
import type { IdentityReport, ListedIdentity } from '../domain/identity/report.ts';
import { isIssuedByApple } from '../domain/profile/index.ts';
import { KEY_TYPES, PURPOSE_NAMES } from '../preflight/index.ts';
import { plain } from '../text.ts';

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
