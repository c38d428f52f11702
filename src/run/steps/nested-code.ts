import { join } from 'node:path';
import type { NestedEntitlements, SignSettings } from '../../adapters/rcodesign/sign-arguments.ts';
import { exclusionPatterns } from '../../domain/bundle/exclusion-patterns.ts';
import type { BundleFacts, NestedBundle } from '../../domain/bundle/index.ts';
import { baseOf, isProgramKind } from '../../domain/bundle/nested-places.ts';
import { pathIdentifier } from '../../domain/code-signature/path-identifier.ts';
import { nestedEntitlements } from '../../domain/entitlements/index.ts';
import { type ProvisioningProfile, parseProfile } from '../../domain/profile/index.ts';
import { ShipError } from '../../errors.ts';
import { readEmbeddedProfile } from '../../files/bundle/index.ts';
import { readExistingEntitlements } from '../../files/code-signature/existing-entitlements.ts';
import { buildPlist } from '../../formats/plist/index.ts';
import { need } from '../run-results.ts';
import { materialOf, passOf, type StepScope } from './step.ts';

/**
 * How nested code is signed. rcodesign would let what the input was signed with survive, and hands neither
 * entitlements nor flags of the app down: so every nested program is told its own. What is one is said by its kind
 * or by its code: system extensions and drivers have other kinds of folders.
 */
export async function nestedSettings(scope: StepScope) {
  const facts = need(scope.results, 'facts');
  const runnable = new Set(
    facts.machOs.filter(({ fileType }) => fileType === 'execute').map(({ path }) => path),
  );
  const programs = facts.nested.filter(
    ({ kind, executable }) =>
      executable !== undefined && (isProgramKind(kind) || (runnable.has(executable) && kind !== 'framework')),
  );
  const bundleExecutables = new Set([facts.executable, ...facts.nested.map(({ executable }) => executable)]);
  const tools = [...runnable].filter((path) => !bundleExecutables.has(path));
  const entitlements = await Promise.all(programs.map((program) => entitlementsOf(scope, program)));
  for (const tool of tools) entitlements.push(...(await entitlementsOfTool(scope, tool)));
  return {
    nestedEntitlements: entitlements,
    hardenedScopes: [...programs.map(({ path }) => path), ...tools],
    nestedIdentifiers: facts.machOs.flatMap(({ path, embeddedId }) =>
      embeddedId === undefined || bundleExecutables.has(path) ? [] : { scope: path, identifier: embeddedId },
    ),
    exclusions: exclusionPatterns(facts.exclusions, [
      ...facts.machOs.map(({ path }) => path),
      ...facts.nested.map(({ path }) => path),
    ]),
  };
}

export type FirstSigned = Pick<SignSettings, 'entitlements' | 'hardenedRuntime' | 'binaryIdentifier'> & {
  readonly path: string;
};

/** Code that rcodesign would leave as it is, and which is therefore signed by itself, before the bundle. */
export async function firstSigned(scope: StepScope): Promise<FirstSigned[]> {
  const facts = need(scope.results, 'facts');
  const first = new Set(facts.signedFirst);
  const files = facts.machOs.filter(({ path }) => first.has(path));
  return Promise.all(
    files.map(async ({ path, fileType, embeddedId }) => {
      const [own] = fileType === 'execute' ? await entitlementsOfTool(scope, path) : [];
      return {
        path,
        hardenedRuntime: passOf(scope).hardenedRuntime && fileType === 'execute',
        ...(own && { entitlements: own.xml }),
        binaryIdentifier: embeddedId ?? pathIdentifier(baseOf(path)),
      };
    }),
  );
}

/** Everything in the bundle that carries a signature of its own, what lies deeper first. */
export function nestedPaths({ executable, nested, machOs }: BundleFacts): string[] {
  const executables = new Set([executable, ...nested.map((bundle) => bundle.executable)]);
  const loose = machOs.flatMap(({ path }) => (executables.has(path) ? [] : [path]));
  const bundles = nested.flatMap(({ path, frameworkVersion, executable: own }) => {
    // one without code is sealed as resources of what contains it
    if (own === undefined) return [];
    return frameworkVersion === undefined ? path : `${path}/Versions/${frameworkVersion}`;
  });
  return [...loose, ...bundles].sort((a, b) => b.length - a.length);
}

async function entitlementsOf(
  scope: StepScope,
  { path, kind, executable = '', bundleId }: NestedBundle,
): Promise<NestedEntitlements> {
  const { results } = scope;
  const existing = await readExistingEntitlements(join(need(results, 'found').appPath, executable));
  const teamId = need(results, 'credentials').teamId ?? materialOf(scope).identity?.certificate.teamId;
  const { platform } = need(results, 'facts');
  const profile =
    platform === 'ios' ? await readNestedProfile(need(results, 'found').appPath, path) : undefined;
  const own = nestedEntitlements({
    platform,
    bundleId,
    ...(profile && { profile }),
    ...(passOf(scope).distribution === 'store' && { sandbox: kind === 'app' ? 'inherited' : 'own' }),
    ...(existing && { existing }),
    ...(teamId !== undefined && { teamId }),
  });
  return { scope: path, xml: buildPlist(own, 'xml') };
}

/** One that cannot be read permits nothing; it has been told. */
async function readNestedProfile(appPath: string, path: string): Promise<ProvisioningProfile | undefined> {
  try {
    const bytes = await readEmbeddedProfile(appPath, path);
    return bytes && parseProfile(bytes);
  } catch (error) {
    if (error instanceof ShipError) return undefined;
    throw error;
  }
}

/** A program without a bundle keeps what it may keep of its own; one that had nothing gets nothing. */
async function entitlementsOfTool({ results }: StepScope, path: string): Promise<NestedEntitlements[]> {
  const { platform, bundleId } = need(results, 'facts');
  const existing = await readExistingEntitlements(join(need(results, 'found').appPath, path));
  if (!existing || platform === 'ios') return [];
  return [{ scope: path, xml: buildPlist(nestedEntitlements({ platform, bundleId, existing }), 'xml') }];
}
