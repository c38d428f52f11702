import { join } from 'node:path';
import { readExistingEntitlements } from '../adapters/code-signature/existing-entitlements.ts';
import type { NestedEntitlements } from '../adapters/rcodesign/sign-arguments.ts';
import type { NestedBundle } from '../domain/bundle/index.ts';
import { isProgramKind } from '../domain/bundle/nested-places.ts';
import { nestedEntitlements } from '../domain/entitlements/index.ts';
import { buildPlist } from '../domain/plist/index.ts';
import { type Desk, held } from './workbench.ts';

/**
 * How nested code is signed. rcodesign would let what the input was signed with survive, and hands neither
 * entitlements nor flags of the app down: so every nested program is told its own. What is one is said by its kind
 * or by its code: system extensions and drivers have other kinds of folders.
 */
export async function nestedSettings(desk: Desk) {
  const facts = held(desk, 'facts');
  const runnable = new Set(
    facts.machOs.filter(({ fileType }) => fileType === 'execute').map(({ path }) => path),
  );
  const programs = facts.nested.filter(
    ({ kind, executable }) =>
      executable !== undefined && (isProgramKind(kind) || (runnable.has(executable) && kind !== 'framework')),
  );
  const bundleExecutables = new Set([facts.executable, ...facts.nested.map(({ executable }) => executable)]);
  const tools = [...runnable].filter((path) => !bundleExecutables.has(path));
  const entitlements = await Promise.all(programs.map((program) => entitlementsOf(desk, program)));
  for (const tool of tools) entitlements.push(...(await entitlementsOfTool(desk, tool)));
  return {
    nestedEntitlements: entitlements,
    hardenedScopes: [...programs.map(({ path }) => path), ...tools],
  };
}

async function entitlementsOf(
  desk: Desk,
  { path, kind, executable = '', bundleId }: NestedBundle,
): Promise<NestedEntitlements> {
  const existing = await readExistingEntitlements(join(held(desk, 'found').appPath, executable));
  const teamId = held(desk, 'credentials').teamId ?? desk.identity?.certificate.teamId;
  const own = nestedEntitlements({
    platform: held(desk, 'facts').platform,
    bundleId,
    ...(held(desk, 'plan').distribution === 'store' && { sandbox: kind === 'app' ? 'inherited' : 'own' }),
    ...(existing && { existing }),
    ...(teamId !== undefined && { teamId }),
  });
  return { scope: path, xml: buildPlist(own, 'xml') };
}

/** A program without a bundle keeps what it may keep of its own; one that had nothing gets nothing. */
async function entitlementsOfTool(desk: Desk, path: string): Promise<NestedEntitlements[]> {
  const { platform, bundleId } = held(desk, 'facts');
  const existing = await readExistingEntitlements(join(held(desk, 'found').appPath, path));
  if (!existing || platform === 'ios') return [];
  return [{ scope: path, xml: buildPlist(nestedEntitlements({ platform, bundleId, existing }), 'xml') }];
}
