import { baseOf, parentOf } from '../domain/bundle/nested-places.ts';
import { shown } from '../domain/bundle/shown.ts';
import { type Finding, finding } from './finding.ts';
import { type Context, listed } from './input.ts';

/**
 * Links without a target, on macOS; in an iOS bundle every link is one too many. Gatekeeper refuses such an app,
 * notarized or not: "invalid destination for symbolic link in bundle".
 * https://developer.apple.com/library/archive/technotes/tn2206/_index.html
 */
export function danglingLinkFindings(context: Context): Finding[] {
  const { platform, survey, distribution } = context;
  if (platform !== 'macos') return [];
  const dangling = survey.danglingLinks.filter((path) => !isOldSeal(path));
  const tolerated = dangling.filter((path) => isOfFramework(context, path));
  const refused = dangling.filter((path) => !tolerated.includes(path));
  return [
    ...found(refused, distribution === 'package' ? 'warning' : 'error'),
    ...found(tolerated, 'warning'),
  ];
}

/** Signing replaces it. */
const isOldSeal = (path: string): boolean => baseOf(path) === 'CodeResources';

/** `K.framework/Headers`, left over when the headers were stripped: it is no part of what the framework seals. */
const isOfFramework = ({ survey }: Context, path: string): boolean =>
  survey.nested.some(
    ({ path: framework, frameworkVersion }) => frameworkVersion !== undefined && framework === parentOf(path),
  );

function found(links: readonly string[], severity: Finding['severity']): Finding[] {
  if (links.length === 0) return [];
  return [
    finding('BUNDLE_LINK_DANGLING', severity, {
      summary: `Symbolic links of the bundle lead nowhere: ${listed(links, shown)}.`,
      reason:
        'macOS follows every link of an app when it is first opened, and refuses the app for such a one.',
      nextStep: 'Remove the links, or put what they point to into the bundle, and build again.',
    }),
  ];
}
