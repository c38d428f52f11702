import { baseOf } from '../domain/bundle/nested-places.ts';
import { shown } from '../domain/bundle/shown.ts';
import { stringAt } from '../formats/plist/index.ts';
import { type Finding, finding, type Severity } from './finding.ts';
import type { Context } from './input.ts';

/** Where frameworks lie; on macOS a folder with a dot in its name must be code there. */
const FOLDERS = {
  ios: /(?:^|\/)Frameworks\/[^/]+$/,
  macos: /(?:^|\/)Contents\/(?:Shared)?Frameworks\/[^/]+$/,
} as const;

/** Frameworks that are none: without an Info.plist, or without the library that it names (ITMS-90036, 90207). */
export function frameworkFindings(context: Context): Finding[] {
  return [...withoutLibrary(context), ...withoutKey(context), ...withoutInfo(context)];
}

/** On macOS neither codesign nor rcodesign can seal an app with such a framework in its place for code. */
const severityOf = ({ platform, inStore }: Context): Severity => (platform === 'macos' ? 'error' : inStore);

const isInPlace = ({ platform }: Context, path: string): boolean => FOLDERS[platform].test(path);

function withoutLibrary(context: Context): Finding[] {
  const { nested, nestedInfo } = context.survey;
  return nested
    .filter(({ kind, path, executable }) => kind === 'framework' && !executable && isInPlace(context, path))
    .map(({ path, infoPlist }) => {
      const info = nestedInfo.get(infoPlist);
      const named = info && stringAt(info, 'CFBundleExecutable');
      return finding('BUNDLE_EXECUTABLE_MISSING', severityOf(context), {
        summary: `The framework ${shown(path)} has no executable.`,
        reason:
          named === undefined
            ? 'Its Info.plist has no CFBundleExecutable, and there is no file of the name of the framework.'
            : `CFBundleExecutable in its Info.plist is ${shown(named)}, and there is no such file.`,
        nextStep: 'Let CFBundleExecutable of the framework name its library, and build again.',
      });
    });
}

/** macOS finds the library by the framework's name; iOS does not install such an app. */
function withoutKey(context: Context): Finding[] {
  const { nested, nestedInfo } = context.survey;
  if (context.platform === 'macos') return [];
  return nested.flatMap(({ kind, path, executable = '', infoPlist }) => {
    const info = nestedInfo.get(infoPlist);
    if (kind !== 'framework' || executable === '' || !info || !isInPlace(context, path)) return [];
    if (stringAt(info, 'CFBundleExecutable') !== undefined) return [];
    return finding('BUNDLE_INFO_KEY_MISSING', 'error', {
      summary: `${shown(infoPlist)} has no usable CFBundleExecutable.`,
      reason: 'iOS installs no app with a framework that does not name its library.',
      nextStep: `Set CFBundleExecutable of the framework to ${shown(baseOf(executable))}, and build again.`,
    });
  });
}

function withoutInfo(context: Context): Finding[] {
  const { folders, nested } = context.survey;
  const known = new Set(nested.map(({ path }) => path));
  const bare = [...folders].filter(
    (path) => /.\.framework$/i.test(path) && !known.has(path) && isInPlace(context, path),
  );
  return bare.map((path) =>
    finding('BUNDLE_INFO_PLIST_MISSING', severityOf(context), {
      summary: `The framework ${shown(path)} has no Info.plist that can be used.`,
      reason: 'Without it the folder is a framework by its name only.',
      nextStep: 'Take the framework as its build made it, with its Info.plist, and build again.',
    }),
  );
}
