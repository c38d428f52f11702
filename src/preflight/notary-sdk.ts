import { type CodeFile, compareOsVersions } from '../domain/bundle/index.ts';
import { shown } from '../domain/bundle/shown.ts';
import { type Finding, finding } from './finding.ts';
import { type Context, listed } from './input.ts';

/** https://developer.apple.com/documentation/security/resolving-common-notarization-issues */
const OLDEST_SDK = '10.9';
const LINKED = ['execute', 'dylib', 'bundle'];

/**
 * "The binary uses an SDK older than the 10.9 SDK": Apple's notary service refuses such code, and code that does not
 * say what it was linked with, as some cross-linkers leave it.
 */
export function notarySdkFindings({ platform, toNotary, survey }: Context): Finding[] {
  if (platform !== 'macos' || !toNotary) return [];
  const archived = (survey.archivedCode?.code ?? []).map((code) => [code.path, code] as const);
  const old = [...survey.code, ...archived].filter(([, code]) => isTooOld(code)).map(([path]) => path);
  if (old.length === 0) return [];
  return [
    finding('BUNDLE_SDK_OLD', 'error', {
      summary: `Apple does not notarize code for the SDK of an OS X before ${OLDEST_SDK}: ${listed(old, shown)}.`,
      reason: `Its load commands name an older SDK than ${OLDEST_SDK}, or none.`,
      nextStep: 'Link it again with a current SDK, or take it out of the app.',
    }),
  ];
}

/** Code for another platform, e.g. Catalyst or DriverKit, has newer numbers. */
const isTooOld = ({ slices }: Pick<CodeFile, 'slices'>): boolean =>
  slices.some(
    ({ fileType, builds }) =>
      LINKED.includes(fileType) &&
      (builds.length === 0 ||
        builds.some(({ platform, sdk }) => platform === 'macos' && compareOsVersions(sdk, OLDEST_SDK) < 0)),
  );
