import type { XmlElement } from '../../formats/xml/tree.ts';

/** What `productbuild --component` writes into a Distribution, and nothing that could run. */
const DISTRIBUTION = new Set([
  'installer-gui-script',
  'pkg-ref',
  'bundle-version',
  'bundle',
  'product',
  'title',
  'options',
  'volume-check',
  'allowed-os-versions',
  'os-version',
  'domains',
  'choices-outline',
  'line',
  'choice',
]);
/** The same for a PackageInfo, whose scripts are in an element of that name. */
const PACKAGE_INFO = new Set([
  'pkg-info',
  'payload',
  'bundle',
  'bundle-version',
  'upgrade-bundle',
  'update-bundle',
  'atomic-update-bundle',
  'strict-identifier',
  'relocate',
]);
/** Attributes whose value is an expression of a script; what productbuild writes there is a plain yes or no. */
const EXPRESSIONS = new Set([
  'script',
  'selected',
  'enabled',
  'visible',
  'start_selected',
  'start_enabled',
  'start_visible',
  'require-scripts',
  'allow-external-scripts',
]);
const PLAIN: readonly string[] = ['true', 'false', 'yes', 'no'];
const ACTIONS = ['postinstall-action', 'preinstall-action'];

export interface InstallerFacts {
  readonly bundleId: string;
  readonly installLocation: string;
}

/**
 * Looks for anything in the two descriptions of a package that runs, or that installs another component or elsewhere.
 *
 * @see https://developer.apple.com/library/archive/documentation/DeveloperTools/Reference/DistributionDefinitionRef/
 */
export function installerScriptChange(
  roots: { readonly distribution?: XmlElement | undefined; readonly info?: XmlElement | undefined },
  { bundleId, installLocation }: InstallerFacts,
): string | undefined {
  const { distribution, info } = roots;
  if (!distribution || !info) return 'It has no Distribution or no PackageInfo that can be read.';
  const stranger = strangerIn(distribution, DISTRIBUTION) ?? strangerIn(info, PACKAGE_INFO);
  if (stranger !== undefined)
    return `Its description has ${stranger.slice(0, 120)}, which was not asked for.`;
  if (info.attributes.get('identifier') !== bundleId) return `It does not install ${bundleId}.`;
  if (info.attributes.get('install-location') !== installLocation)
    return `It does not install into ${installLocation}.`;
  const action = ACTIONS.find((name) => (info.attributes.get(name) ?? 'none') !== 'none');
  return action === undefined ? undefined : `It asks for a ${action}.`;
}

/** In words: the first element, or expression in an attribute, that is not among the known ones. */
function strangerIn(root: XmlElement, known: ReadonlySet<string>): string | undefined {
  const waiting = [root];
  for (let element = waiting.pop(); element; element = waiting.pop()) {
    if (!known.has(element.name)) return `<${element.name}>`;
    for (const [name, value] of element.attributes)
      if (EXPRESSIONS.has(name) && !PLAIN.includes(value)) return `${name}="${value}"`;
    waiting.push(...element.children);
  }
  return undefined;
}
