import { baseOf, parentOf } from '../domain/bundle/nested-places.ts';
import { shown } from '../domain/bundle/shown.ts';
import { type Finding, finding } from './finding.ts';
import { type Context, listed } from './input.ts';

/** Where Apple allows what in a bundle, and what signing can seal there. */
export function codePlaceFindings(context: Context): Finding[] {
  return context.platform === 'macos' ? macosPlaces(context) : iosPlaces(context);
}

const macosPlaces = (context: Context): Finding[] => [
  ...scripts(context),
  ...strays(context),
  ...unsealed(context),
  ...lostLinks(context),
];

/** `codesign` keeps such a signature beside the program; rcodesign 0.29.0 cannot, and there is no half a signature. */
function scripts({ survey, platform }: Context): Finding[] {
  // on iOS the inspection has refused it already
  const isMain = survey.executable !== undefined && survey.scripts.has(survey.executable);
  const main = isMain && platform === 'macos';
  const nested = survey.nested.flatMap(({ executable = '', executableKind }) =>
    executableKind === 'script' ? executable : [],
  );
  const reason = 'A code signature lives inside a Mach-O file, and a script has no place for one.';
  const nextStep =
    'Make the executable a small compiled program that starts the script from Contents/Resources.';
  return [...(main ? [survey.executable ?? ''] : []), ...nested].map((path, index) =>
    finding('BUNDLE_EXECUTABLE_IS_SCRIPT', 'error', {
      summary:
        main && index === 0
          ? `The app cannot be signed, because its main executable ${shown(path)} is a script.`
          : `The nested bundle cannot be signed, because its executable ${shown(path)} is a script.`,
      reason,
      nextStep,
    }),
  );
}

function strays({ survey: { strayFiles } }: Context): Finding[] {
  if (strayFiles.length === 0) return [];
  return [
    finding('SIGN_UNSEALED', 'error', {
      summary: `${listed(strayFiles, shown)} would not be covered by the signature.`,
      reason: 'In the folders for code every file must be a Mach-O binary.',
      nextStep: 'Move scripts and data to Contents/Resources, and build again.',
    }),
  ];
}

/** codesign: "unsealed contents present in the bundle root", or "in the root directory of an embedded framework" */
function unsealed({ survey: { unsealedItems } }: Context): Finding[] {
  if (unsealedItems.length === 0) return [];
  return [
    finding('BUNDLE_PLACE_WRONG', 'error', {
      summary: `${listed(unsealedItems, shown)} cannot be sealed where it lies.`,
      reason:
        'Beside Contents nothing may lie, and beside the Versions of a framework only links into the current one.',
      nextStep: 'Move it to the Resources of its bundle or remove it, and build again.',
    }),
  ];
}

/** A framework with versions is one by its links; with copies in their place neither rcodesign nor a Mac takes it. */
function lostLinks({ survey: { nested, links } }: Context): Finding[] {
  const versioned = nested.filter(({ frameworkVersion }) => frameworkVersion !== undefined);
  const present = new Set(links);
  return [...new Set(versioned.map(({ path }) => path))].flatMap((framework) => {
    const executables = versioned.flatMap(({ path, executable }) =>
      path === framework && executable !== undefined ? baseOf(executable) : [],
    );
    const lost = ['Versions/Current', 'Resources', ...new Set(executables)].filter(
      (link) => !present.has(`${framework}/${link}`),
    );
    return lost.length === 0 ? [] : linksLost(framework, lost);
  });
}

const linksLost = (framework: string, lost: readonly string[]): Finding =>
  finding('BUNDLE_LINKS_LOST', 'error', {
    summary: `${shown(framework)} has lost its symbolic links.`,
    reason: `Missing, or no link any more: ${listed(lost, shown)}.`,
    nextStep: 'Pack the bundle in a way that keeps symbolic links, and try again.',
  });

const iosPlaces = (context: Context): Finding[] => [
  ...scripts(context),
  ...iosLinks(context),
  // devices run all of it
  ...(context.toStore ? [...looseCode(context), ...buildLeftovers(context), ...storeScripts(context)] : []),
  ...misplacedBundles(context),
];

/** ITMS-90171, for each of the following. */
const misplaced = ({ inStore }: Context, what: string, reason: string, nextStep: string): Finding =>
  finding('BUNDLE_PLACE_WRONG', inStore, {
    summary: `The App Store does not take ${what}.`,
    reason,
    nextStep: `${nextStep}, and build again.`,
  });

function iosLinks(context: Context): Finding[] {
  const { links } = context.survey;
  if (links.length === 0) return [];
  const what = `symbolic links in iOS bundles: ${listed(links, shown)}`;
  return [
    misplaced(
      context,
      what,
      'Bundles of iOS hold files and folders only.',
      'Replace the links by what they point to',
    ),
  ];
}

/** Libraries must be wrapped in frameworks; only the Swift runtime may lie loose. */
function looseCode(context: Context): Finding[] {
  const { code, nested, executable } = context.survey;
  const executables = new Set([executable, ...nested.map((bundle) => bundle.executable)]);
  const loose = [...code.keys()].filter((path) => {
    if (executables.has(path)) return false;
    const isSwift = /(?:^|\/)Frameworks\/libswift\w*\.dylib$/.test(path);
    return !isSwift && !isWatchStub(path) && !isDebugSymbols(path);
  });
  if (loose.length === 0) return [];
  return [
    misplaced(
      context,
      `code outside of frameworks and extensions: ${listed(loose, shown)}`,
      'A program or library that is not the executable of a bundle is "not permitted" there.',
      'Wrap the library in a framework, or remove it',
    ),
  ];
}

/** What Xcode puts beside the program of a watch app. */
const isWatchStub = (path: string): boolean => /(?:^|\/)_WatchKitStub\/WK$/.test(path);

/**
 * ITMS-90035: what may be executed is code to the App Store, and a script cannot be signed. Without the permission it
 * is a resource.
 */
function storeScripts({ survey: { scripts, executable, executableFiles } }: Context): Finding[] {
  const found = [...scripts].filter((path) => path !== executable && executableFiles.has(path));
  if (found.length === 0) return [];
  return [
    finding('BUNDLE_SCRIPT_EXECUTABLE', 'error', {
      summary: `The App Store does not take executable scripts: ${listed(found, shown)}.`,
      reason: 'To the App Store they are code that is not signed at all (ITMS-90035), and iOS runs none.',
      nextStep: 'Remove the scripts, or take their permission to execute away ("chmod -x"), and build again.',
    }),
  ];
}

const isDebugSymbols = (path: string): boolean => /\.dSYM\//.test(path);

function buildLeftovers(context: Context): Finding[] {
  const found = [...context.survey.files].filter((path) => /\.(?:a|o)$/.test(path) || isDebugSymbols(path));
  if (found.length === 0) return [];
  return [
    misplaced(
      context,
      `what a build leaves behind: ${listed(found, shown)}`,
      'Static libraries, object files and debug symbols are no part of an app.',
      'Remove them',
    ),
  ];
}

/** An extension of the watch is a program with frameworks of its own; elsewhere those of the app are shared. */
const isInsideLibrary = (folder: string): boolean =>
  /\.framework(?:\/|$)/.test(folder) || (/\.appex(?:\/|$)/.test(folder) && !folder.startsWith('Watch/'));

/** ITMS-90171, 90205, 90206 */
function misplacedBundles(context: Context): Finding[] {
  return context.survey.nested.flatMap(({ path, kind, frameworkVersion }) => {
    const parent = parentOf(path);
    if (kind === 'framework' && frameworkVersion !== undefined)
      return misplaced(
        context,
        `the versioned framework ${shown(path)}`,
        'Frameworks of iOS are flat.',
        'Make it flat',
      );
    if (kind === 'framework' && isInsideLibrary(parent))
      return misplaced(
        context,
        `the framework ${shown(path)} inside of another bundle`,
        'Frameworks lie in the Frameworks folder of the app.',
        'Move it there',
      );
    if (kind === 'appex' && !['PlugIns', 'Extensions'].includes(baseOf(parent)))
      return misplaced(
        context,
        `the extension ${shown(path)} where it lies`,
        'Extensions lie in PlugIns.',
        'Move it there',
      );
    return [];
  });
}
