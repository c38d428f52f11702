import { archivedCodeFindings } from './archived-code.ts';
import { assetCatalogFindings } from './asset-catalogs.ts';
import { buildFindings } from './build.ts';
import { codePlaceFindings } from './code-places.ts';
import { type CredentialsExamination, examineCredentials, keysOf } from './credentials.ts';
import { danglingLinkFindings } from './dangling-links.ts';
import { explicitFindings } from './entitlements.ts';
import { extensionFindings } from './extensions.ts';
import { eachOnce, type Finding, finding, findingOf } from './finding.ts';
import { frameworkFindings } from './frameworks.ts';
import { iconFindings } from './icon.ts';
import { infoKeyFindings } from './info-keys.ts';
import { type Context, contextOf, type PreflightInput } from './input.ts';
import { nestedFindings } from './nested.ts';
import { nestedProfileFindings } from './nested-profiles.ts';
import { notarySdkFindings } from './notary-sdk.ts';
import { privacyFindings } from './privacy.ts';
import { privacyManifestFindings } from './privacy-manifest.ts';
import { sandboxFindings } from './sandbox.ts';
import { sealSizeFindings } from './seal-size.ts';
import { storeBundleFindings } from './store-bundles.ts';
import { swiftFindings } from './swift.ts';
import { versionFindings } from './versions.ts';

/**
 * Everything that would go wrong with a job, found before anything is signed: pure, and all of it at once. Errors
 * come first; among equals, what is nearest to the bundle comes first.
 */
export function preflight(input: PreflightInput): Finding[] {
  const { findings, materials } = examine(input);
  for (const key of materials.flatMap(keysOf)) key.fill(0);
  return findings;
}

export interface Examination extends Omit<CredentialsExamination, 'findings'> {
  readonly findings: Finding[];
}

/** As `preflight`, and what the job is to be signed with. The private keys are the caller's to overwrite. */
export function examine(input: PreflightInput): Examination {
  const context = contextOf(input);
  const bundle = bundleFindings(context);
  const { credentials } = input;
  if (!credentials) {
    const nested = nestedProfileFindings(context, { certificates: [] });
    return { findings: inOrder([...bundle, ...nested]), materials: [] };
  }
  const examined = examineCredentials(context, credentials);
  return { ...examined, findings: inOrder([...bundle, ...examined.findings]) };
}

/** What the bundle alone tells. */
export function bundleFindings(context: Context): Finding[] {
  return [
    ...context.survey.faults.map((fault) => findingOf(fault)),
    ...codePlaceFindings(context),
    ...sealSizeFindings(context),
    ...danglingLinkFindings(context),
    ...buildFindings(context),
    ...notarySdkFindings(context),
    ...archivedCodeFindings(context),
    ...versionFindings(context),
    ...infoKeyFindings(context),
    ...nestedFindings(context),
    ...extensionFindings(context),
    ...frameworkFindings(context),
    ...storeBundleFindings(context),
    ...assetCatalogFindings(context),
    ...iconFindings(context),
    ...swiftFindings(context),
    ...privacyFindings(context),
    ...privacyManifestFindings(context),
    ...sandboxFindings(context),
    ...explicitFindings(context),
    ...context.survey.remarks.map(remark),
  ];
}

const remark = (summary: string): Finding =>
  finding('BUNDLE_REMARK', 'warning', {
    summary,
    reason: 'Whether that is meant cannot be told from the bundle.',
    nextStep: 'Rename or remove the file if that is not what you want.',
  });

/** Each thing is said once, errors before warnings. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const unique = eachOnce(findings);
  return [
    ...unique.filter(({ severity }) => severity === 'error'),
    ...unique.filter(({ severity }) => severity === 'warning'),
  ];
}
