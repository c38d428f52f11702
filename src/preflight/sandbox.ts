import { shown } from '../domain/bundle/shown.ts';
import { type Finding, finding } from './finding.ts';
import { type Context, listed } from './input.ts';

/**
 * ITMS-90296: in the Mac App Store every program is sandboxed. Signing sees to the app and to the bundles in it; a
 * program without a bundle keeps the entitlements that it came with.
 */
export function sandboxFindings({ platform, toStore, survey }: Context): Finding[] {
  if (platform !== 'macos' || !toStore) return [];
  const ofBundles = new Set([survey.executable, ...survey.nested.map(({ executable }) => executable)]);
  const open = [...survey.code].filter(
    ([path, { slices }]) =>
      slices[0]?.fileType === 'execute' &&
      !ofBundles.has(path) &&
      survey.existingEntitlements.get(path)?.['com.apple.security.app-sandbox'] !== true,
  );
  if (open.length === 0) return [];
  const names = listed(
    open.map(([path]) => path),
    shown,
  );
  return [
    finding('SANDBOX_MISSING', 'error', {
      summary: `${names} would run outside of the sandbox, and the Mac App Store takes no such program.`,
      reason: 'It belongs to no bundle, and was not signed with com.apple.security.app-sandbox.',
      nextStep:
        'Sign it with com.apple.security.app-sandbox and com.apple.security.inherit, or put it into a helper bundle.',
    }),
  ];
}
