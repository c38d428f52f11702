import { plain } from '../text.ts';
import { catalogLines } from './catalog-text.ts';
import type {
  AppSummary,
  ArtifactReport,
  ProfileSummary,
  SignatureSummary,
  SignerSummary,
} from './report.ts';

const kinds = {
  app: 'app bundle',
  ipa: 'iOS archive',
  zip: 'zip',
  dmg: 'disk image',
  pkg: 'installer package',
  'mach-o': 'Mach-O file',
} as const;
const anchors = {
  'apple-root': 'Apple Root CA',
  'other-root': "a root that is not Apple's",
  'self-signed': 'itself (self-signed)',
  'issuer-missing': 'an issuer that was not sent along',
} as const;
const MAX_SHOWN = 40;

/** The report for a person, one fact a line; the last line is the verdict. */
export function renderReport(report: ArtifactReport): string[] {
  return [
    `${plain(report.name)}: ${kinds[report.kind]}, ${bytes(report.sizeBytes)}`,
    ...(report.sha256 ? [`  sha256 ${report.sha256}`] : []),
    ...renderContent(report),
    ...verdict(report),
  ];
}

/** What is inside, without name, size and verdict. */
export const renderContent = (report: ArtifactReport): string[] => [
  ...indented(factsOf(report)),
  ...report.apps.flatMap(appLines),
  ...report.warnings.map((warning) => `note: ${plain(warning)}`),
];

function factsOf({ image, package: pkg, signatures, stapledTicket, kind }: ArtifactReport): string[] {
  return [
    ...(image
      ? [`volume "${plain(image.volumeName)}" (${image.fileSystem}), ${bytes(image.volumeBytes)}`]
      : []),
    ...(pkg?.title ? [`title "${plain(pkg.title)}"`] : []),
    ...(pkg?.parts ?? []).map(({ identifier, version }) => `part ${plain(identifier)} ${plain(version)}`),
    ...(pkg ? [pkg.signer ? signedBy(pkg.signer) : 'not signed'] : []),
    ...signatures.flatMap(signatureLines),
    ...(stapledTicket === undefined || kind === 'app' ? [] : [ticketLine(stapledTicket)]),
  ];
}

function appLines(app: AppSummary): string[] {
  const system = app.minimumOs && `${app.platform === 'ios' ? 'iOS' : 'macOS'} ${app.minimumOs} or later`;
  const versions = [app.shortVersion, app.version && `(${app.version})`].filter(Boolean).join(' ');
  const facts = [app.bundleId, versions, system, `${app.fileCount} files`, bytes(app.sizeBytes)];
  return [
    `${plain(app.path)}: ${facts
      .filter(Boolean)
      .map((fact) => plain(String(fact)))
      .join(', ')}`,
    ...indented([
      ...app.signatures.flatMap(signatureLines),
      ...(app.profile ? [profileLine(app.profile)] : []),
      ...(app.platform === 'macos' ? [ticketLine(app.stapledTicket)] : []),
      ...app.nested
        .map(({ path, signatures }) => `nested ${plain(path)}: ${briefly(signatures)}`)
        .slice(0, MAX_SHOWN),
      ...app.catalogs.slice(0, MAX_SHOWN).flatMap(catalogLines),
    ]),
  ];
}

function signatureLines(signature: SignatureSummary): string[] {
  const { architecture, identifier, teamId, cdHash, digests, hardenedRuntime, signer } = signature;
  const runtime = hardenedRuntime ? ', hardened runtime' : '';
  const entitlements = Object.keys(signature.entitlements ?? {});
  return [
    `${architecture ? `${architecture}: ` : ''}${plain(identifier)}${teamId ? `, team ${plain(teamId)}` : ''}${runtime}, cdhash ${cdHash} (${digests.join(', ')})`,
    ...indented([
      signer ? signedBy(signer) : 'signed ad hoc: by nobody',
      ...(entitlements.length > 0
        ? [`entitlements: ${plain(entitlements.slice(0, MAX_SHOWN).join(', '))}`]
        : []),
    ]),
  ];
}

const signedBy = ({ name, anchor, timestamp, signedAt }: SignerSummary): string =>
  `signed by "${plain(name)}", chain ends at ${anchors[anchor]}, ${
    timestamp ? `time stamp ${timestamp}` : `no time stamp${signedAt ? ` (says ${signedAt})` : ''}`
  }`;

const profileLine = ({ name, kind, applicationIdentifier, expiresAt }: ProfileSummary): string =>
  `profile "${plain(name)}" (${kind}) for ${plain(applicationIdentifier)}, until ${expiresAt.slice(0, 10)}`;

const ticketLine = (stapled: boolean): string =>
  stapled ? 'a notarization ticket is stapled' : 'no notarization ticket is stapled';

const briefly = (signatures: readonly SignatureSummary[]): string =>
  signatures[0]
    ? `${plain(signatures[0].identifier)}, ${signatures[0].signer ? 'signed' : 'ad hoc'}`
    : 'not signed';

function verdict({ findings }: ArtifactReport): string[] {
  if (findings.length === 0) return ['✓ every seal holds'];
  return [
    ...findings
      .slice(0, MAX_SHOWN)
      .map(({ path, code, message }) => `✗ ${plain(path || '.')}: ${plain(message)} (${code})`),
    ...(findings.length > MAX_SHOWN ? [`✗ and ${findings.length - MAX_SHOWN} more`] : []),
    `✗ ${findings.length === 1 ? '1 finding' : `${findings.length} findings`}`,
  ];
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

function bytes(count: number): string {
  if (count < 1024) return `${count} bytes`;
  const [size, unit] = count < 1024 * 1024 ? [count / 1024, 'KiB'] : [count / (1024 * 1024), 'MiB'];
  return `${size.toFixed(1)} ${unit}`;
}
