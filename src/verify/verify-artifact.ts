import { createHash } from 'node:crypto';
import { ShipError } from '../errors.ts';
import { checkSignature } from '../files/code-signature/index.ts';
import { withSignedFile } from '../files/code-signature/signed-file.ts';
import { checkPackage } from '../files/xar/check-package.ts';
import { nameOfApp } from '../text.ts';
import { bundleAround } from './enclosing-bundle.ts';
import { kindOf } from './kind.ts';
import { unknownTicket } from './leftovers.ts';
import { misnamed } from './nested-code.ts';
import { type ReadApp, readApp } from './read-app.ts';
import type { ArtifactReport, PackageSummary } from './report.ts';
import { signerOf, summarizeSignature } from './signature-summary.ts';
import { readContainer, readPackageContent } from './unpacked.ts';

export interface VerifyOptions {
  readonly signal: AbortSignal;
}

type Part = Omit<ArtifactReport, 'ok' | 'name' | 'sizeBytes' | 'sha256'>;

/**
 * Takes an artifact apart as a stranger would, on this host alone, and checks every seal in it. Damage is a finding;
 * only what keeps us from looking is thrown. Nothing of the artifact is run or changed.
 *
 * @param path - an .app folder, or an .ipa, .zip, .dmg, .pkg or Mach-O file; the main executable of a bundle stands for
 * the bundle
 * @throws ShipError ARTIFACT_UNKNOWN · SIGNED_FILE_UNREADABLE · the signal's reason
 */
export async function verifyArtifact(path: string, { signal }: VerifyOptions): Promise<ArtifactReport> {
  const kind = await kindOf(path);
  if (kind === 'app') return verifyApp(path, signal);
  const bundle = kind === 'mach-o' ? await bundleAround(path) : undefined;
  if (bundle !== undefined) return verifyApp(bundle, signal);
  const name = nameOfApp(path);
  const part = await readFileOf(kind, path, signal);
  const identity = await identityOf(path, signal);
  return { ok: part.findings.length === 0, name, ...identity, ...part };
}

async function verifyApp(path: string, signal: AbortSignal): Promise<ArtifactReport> {
  const name = nameOfApp(path);
  return appReport(await readApp(path, { path: name, signal, leftovers: 'tolerated' }), name);
}

function appReport({ app, findings, warnings }: ReadApp, name: string): ArtifactReport {
  const { sizeBytes, stapledTicket } = app;
  const ok = findings.length === 0;
  return { ok, kind: 'app', name, sizeBytes, findings, warnings, signatures: [], stapledTicket, apps: [app] };
}

function readFileOf(
  kind: Exclude<ArtifactReport['kind'], 'app'>,
  path: string,
  signal: AbortSignal,
): Promise<Part> {
  if (kind === 'mach-o') return readMachO(path, signal);
  if (kind === 'pkg') return readPackage(path, signal);
  return kind === 'dmg' ? readImage(path, signal) : readZip(path, signal);
}

async function readMachO(path: string, signal: AbortSignal): Promise<Part> {
  const report = await checkSignature(path, { signal, label: nameOfApp(path), leftovers: 'tolerated' });
  const { signatures, findings } = report;
  return {
    kind: 'mach-o',
    findings: findings.map((found) => ({ ...found, path: '' })),
    warnings: misnamed(report),
    signatures: signatures.map(summarizeSignature),
    apps: [],
  };
}

async function readImage(path: string, signal: AbortSignal): Promise<Part> {
  const own = await checkSignature(path, { signal, leftovers: 'tolerated' });
  const { apps, findings, image } = await readContainer(path, 'dmg', signal);
  return {
    kind: 'dmg',
    findings: [...own.findings, ...findings, ...apps.flatMap((app) => app.findings)],
    warnings: [
      ...(own.signatures.some(({ hasUnknownTicket }) => hasUnknownTicket)
        ? [unknownTicket('The ticket slot of the signature')]
        : []),
      ...apps.flatMap(({ warnings }) => warnings),
    ],
    signatures: own.signatures.map(summarizeSignature),
    stapledTicket: own.signatures.some(
      ({ hasStapledTicket, hasUnknownTicket }) => hasStapledTicket && !hasUnknownTicket,
    ),
    ...(image && { image }),
    apps: apps.map(({ app }) => app),
  };
}

async function readZip(path: string, signal: AbortSignal): Promise<Part> {
  const { apps, findings, isIpa } = await readContainer(path, 'zip', signal);
  return {
    kind: isIpa ? 'ipa' : 'zip',
    findings: [...findings, ...apps.flatMap((app) => app.findings)],
    warnings: apps.flatMap(({ warnings }) => warnings),
    signatures: [],
    apps: apps.map(({ app }) => app),
  };
}

async function readPackage(path: string, signal: AbortSignal): Promise<Part> {
  const common = { kind: 'pkg', signatures: [], apps: [] } as const;
  try {
    const { findings, hasStapledTicket, cms, title, tableDigest, ...rest } = await checkPackage(path, {
      signal,
    });
    const summary: PackageSummary = {
      ...(title !== undefined && { title }),
      parts: rest.parts,
      bundles: rest.bundles,
      paths: rest.paths,
      checksum: rest.checksum,
      ...(tableDigest !== undefined && { tableDigest }),
      ...(cms && signerOf(cms)),
    };
    const { apps, notTaken } = await readPackageContent(path, signal);
    return {
      ...common,
      findings: [...findings, ...apps.flatMap((app) => app.findings)],
      warnings: [
        ...(notTaken === undefined ? [] : [notTakenApart(notTaken)]),
        ...apps.flatMap(({ warnings }) => warnings),
      ],
      stapledTicket: hasStapledTicket,
      package: summary,
      apps: apps.map(({ app }) => app),
    };
  } catch (error) {
    if (!(error instanceof ShipError) || error.code !== 'PACKAGE_CORRUPT') throw error;
    const { reason: message } = error.failure;
    return { ...common, findings: [{ code: 'CONTAINER_DAMAGED', path: '', message }], warnings: [] };
  }
}

const notTakenApart = (reason: string): string =>
  `The payload was compared with its sealed checksum, and not taken apart: ${reason}`;

const identityOf = (path: string, signal: AbortSignal): Promise<{ sizeBytes: number; sha256: string }> =>
  withSignedFile(path, async (file) => {
    const hash = createHash('sha256');
    for await (const chunk of file.chunks(0, file.sizeBytes, signal)) hash.update(chunk);
    return { sizeBytes: file.sizeBytes, sha256: hash.digest('hex') };
  });
