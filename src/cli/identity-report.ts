import type { IdentityReport, ListedIdentity } from '../domain/identity/report.ts';

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
